"""Sample utterances as templates: "{slot}" stands for a value, "{value|slot}" for this one."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BRACES = re.compile(r"\{([^{}]*)\}")


class TemplateError(ValueError):
    """The braces of a sample utterance do not pair, or have nothing between them."""


@dataclass(frozen=True)
class Chunk:
    """Literal text, or a slot; a slot with ``text`` is said with exactly this text."""

    text: str
    slot: str = ""


def parse_template(sample: str) -> list[Chunk]:
    """Return the chunks of ``sample``, none of them empty; raises TemplateError."""
    chunks: list[Chunk] = []
    end = 0
    for match in _BRACES.finditer(sample):
        chunks.append(_literal(sample[end : match.start()]))
        chunks.append(_slot(match.group(1)))
        end = match.end()
    chunks.append(_literal(sample[end:]))
    return [chunk for chunk in chunks if chunk.text or chunk.slot]


def _literal(text: str) -> Chunk:
    if "{" in text or "}" in text:
        raise TemplateError("A brace has no partner.")
    return Chunk(text)


def _slot(inside: str) -> Chunk:
    value, bar, name = inside.rpartition("|")
    if not name.strip() or (bar and not value.strip()):
        raise TemplateError("The braces name no slot.")
    return Chunk(value.strip(), name.strip())
