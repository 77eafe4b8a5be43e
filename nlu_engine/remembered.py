"""What is found out of short texts, kept: the same words come many times in one parse."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

LONGEST = 48
"""Characters of a text that is kept; longer ones hardly come again, and take memory."""
KEPT = 16_384

Others = ParamSpec("Others")
Found = TypeVar("Found")
OfText = Callable[Concatenate[str, Others], Found]


def remembered(function: OfText[Others, Found]) -> OfText[Others, Found]:
    """Return ``function`` of a text, keeping its last answers for short ones.

    What else it takes has to be hashable, and what it returns may not be changed.
    """
    known = lru_cache(KEPT)(function)

    @wraps(function)
    def found(text: str, /, *others: Others.args, **named: Others.kwargs) -> Found:
        return (known if len(text) <= LONGEST else function)(text, *others, **named)

    return found
