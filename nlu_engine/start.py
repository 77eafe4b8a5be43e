"""The pretrained layers that a quick network starts from; part of a release.

``pretraining`` makes them. They are copied into a new network and then trained with it, so
an artifact never needs them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from torch import Tensor

from nlu_engine.embeddings import SharedEmbeddings, checked_file, read_manifest
from nlu_engine.features import SHARED_CHARACTERS, UNKNOWN
from nlu_engine.network import Network

START = "start.safetensors"
SHARED_LAYERS = (
    "project",
    "normalize",
    "characters",
    "convolve",
    "recur",
    "tag_hidden",
    "attend",
    "intent_hidden",
)
SHARED_CHARACTER_ROWS = UNKNOWN + 1 + len(SHARED_CHARACTERS)


def save_layers(network: Network, folder: Path) -> None:
    """Write the shared layers of ``network`` in half precision."""
    state = network.state_dict()
    kept = {name: value for name, value in state.items() if name.split(".")[0] in SHARED_LAYERS}
    arrays = {name: value.numpy().astype(np.float16) for name, value in kept.items()}
    save_file(arrays, folder / START)


def load_layers(embeddings: SharedEmbeddings) -> dict[str, Tensor]:
    """Return the pretrained layers of a release.

    Raises EmbeddingsError if they are not what its manifest says.
    """
    directory = embeddings.directory
    arrays = load_file(checked_file(directory, read_manifest(directory), START))
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in arrays.items()}


def start_from(network: Network, layers: Mapping[str, Tensor]) -> None:
    """Copy pretrained ``layers`` into a new skill's network; its own layers stay as they are.

    Character vectors are shared but for those of characters that only the skill knows, and
    what comes after a token's shared features, its listed values, is the skill's own.
    """
    state = network.state_dict()
    for name, value in layers.items():
        state[name][tuple(slice(size) for size in value.shape)] = value
    network.load_state_dict(state)
