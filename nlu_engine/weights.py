"""A network's weights as an artifact keeps them: large matrices in 7 bits, others in 16."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nlu_engine.embeddings import Vectors

SMALLEST = 2_048
"""Numbers in the smallest matrix that is worth a scale a row."""
STEPS = 50
"""Steps on either side of zero. Fewer than a byte has: nothing is lost by that, and what is in the
byte compresses better (docs/experiments.md)."""
_ROWS, _SCALES = ".rows", ".scales"


def pack(weights: Mapping[str, Vectors]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays to keep: matrices as rows of bytes with one scale each, others halved."""
    packed: dict[str, npt.NDArray[Any]] = {}
    for name, value in weights.items():
        if value.ndim < 2 or value.size < SMALLEST:
            packed[name] = value.astype(np.float16)
        else:
            rows, scales = quantize(value.reshape(len(value), -1), STEPS)
            packed[name + _ROWS] = rows.reshape(value.shape)
            packed[name + _SCALES] = scales
    return packed


def unpack(packed: Mapping[str, npt.NDArray[Any]], but: Collection[str] = ()) -> dict[str, Vectors]:
    """Return the weights that ``pack`` kept, ``but`` those of these names."""
    weights: dict[str, Vectors] = {}
    for name, value in packed.items():
        if name.removesuffix(_ROWS) in but:
            continue
        if name.endswith(_ROWS):
            whole = name.removesuffix(_ROWS)
            scales = packed[whole + _SCALES].reshape(-1, *[1] * (value.ndim - 1))
            weights[whole] = np.multiply(value, scales, dtype=np.float32)
        elif not name.endswith(_SCALES):
            weights[name] = value.astype(np.float32)
    return weights


class Matrix(NamedTuple):
    """A matrix as ``pack`` keeps it: what each row's numbers are of its scale.

    What parsing lays out otherwise it moves about in bytes, before it makes numbers of them.
    """

    rows: npt.NDArray[Any]  # (rows, ...)
    scales: Vectors  # (rows,)

    @classmethod
    def of(cls, packed: Mapping[str, npt.NDArray[Any]], name: str) -> Matrix:
        """Return the matrix of that name; a small one has not been made bytes."""
        if name in packed:
            return cls(packed[name], np.ones(len(packed[name]), dtype=np.float32))
        return cls(packed[name + _ROWS], packed[name + _SCALES])

    def turned(self) -> Vectors:
        """Return the matrix (columns, rows) as numbers."""
        numbers: Vectors = np.multiply(self.rows.T, self.scales, order="C", dtype=np.float32)
        return numbers


def quantize(vectors: Vectors, steps: int = 127) -> tuple[npt.NDArray[np.int8], Vectors]:
    """Return rows of bytes and one scale a row, for ``vectors`` of shape (rows, dimensions).

    ``steps``: the bytes' greatest size.
    """
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-8).astype(np.float32) / steps
    return np.round(vectors / scales[:, None]).astype(np.int8), scales
