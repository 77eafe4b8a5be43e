"""A network's weights as an artifact keeps them: large matrices in 7 bits, others in 16."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def unpack(packed: Mapping[str, npt.NDArray[Any]]) -> dict[str, Vectors]:
    """Return the weights that ``pack`` kept."""
    weights: dict[str, Vectors] = {}
    for name, value in packed.items():
        if name.endswith(_ROWS):
            whole = name.removesuffix(_ROWS)
            scales = packed[whole + _SCALES].reshape(-1, *[1] * (value.ndim - 1))
            weights[whole] = value.astype(np.float32) * scales
        elif not name.endswith(_SCALES):
            weights[name] = value.astype(np.float32)
    return weights


def quantize(vectors: Vectors, steps: int = 127) -> tuple[npt.NDArray[np.int8], Vectors]:
    """Return rows of bytes and one scale a row, for ``vectors`` of shape (rows, dimensions).

    ``steps``: the bytes' greatest size.
    """
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-8).astype(np.float32) / steps
    return np.round(vectors / scales[:, None]).astype(np.int8), scales
