"""Where the tokens of several utterances lie that are computed together.

Recursions over tokens take utterances longest first, so that those not yet at their end are the
first ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
KNOWN_LAYOUTS = 256


@dataclass(frozen=True)
class Layout:
    """Where b utterances of up to n tokens, t in all, lie one after the other.

    The LSTM takes them longest first, so that those not yet at their end are the first.
    """

    lengths: Rows  # (b,)
    sizes: npt.NDArray[np.float32]  # (b, 1), the same
    starts: Rows  # (b,), each one's first token
    places: tuple[Rows, Rows, Rows]  # the first tokens, the last ones, those that are all
    steps: tuple[tuple[int, int, int], ...]  # as ``stretches`` yields them
    read: Rows  # (n, 1, 2, b), the token that a step reads in each direction
    written: Rows  # (t, 2), of n * 2 * b places, where the steps leave what they make of it


@lru_cache(KNOWN_LAYOUTS)
def layout_of(lengths: tuple[int, ...]) -> Layout:
    """Return the layout of utterances of so many tokens."""
    sizes, steps = np.array(lengths), np.arange(max(lengths))[:, None]
    starts = np.cumsum(sizes) - sizes
    order = np.argsort(-sizes, kind="stable")
    ends, firsts = sizes[order], starts[order]
    ahead, back = np.minimum(steps, ends - 1), np.maximum(ends - 1 - steps, 0)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    inside = np.arange(len(owners)) - starts[owners]
    steps_at = np.stack([inside, sizes[owners] - 1 - inside], axis=1)
    return Layout(
        lengths=sizes,
        sizes=sizes[:, None].astype(np.float32),
        starts=starts,
        places=(starts, starts + sizes - 1, starts[sizes == 1]),
        steps=tuple(stretches(ends.tolist())),
        read=np.stack([ahead + firsts, back + firsts], axis=1)[:, None],
        written=(2 * steps_at + np.arange(2)) * len(sizes) + np.argsort(order)[owners, None],
    )


def stretches(lengths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield (first step, step after the last, how many utterances have these steps).

    ``lengths``: the steps of each utterance, longest first.
    """
    first = 0
    for among in range(len(lengths), 0, -1):
        end = lengths[among - 1]
        if end > first:
            yield first, end, among
            first = end
