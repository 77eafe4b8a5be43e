"""The pretrained layers that every skill's network starts from; part of a release.

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

from nlu_engine.embeddings import SharedEmbeddings, file_digest
from nlu_engine.errors import EmbeddingsError
from nlu_engine.features import SHARED_CHARACTERS, UNKNOWN
from nlu_engine.network import Network

LAYERS_FILE = "layers.safetensors"
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


def save_layers(network: Network, path: Path) -> None:
    """Write the shared layers of ``network`` in half precision."""
    state = network.state_dict()
    kept = {name: value for name, value in state.items() if name.split(".")[0] in SHARED_LAYERS}
    save_file({name: value.numpy().astype(np.float16) for name, value in kept.items()}, path)


def load_layers(embeddings: SharedEmbeddings) -> dict[str, Tensor]:
    """Return the pretrained layers of a release.

    Raises EmbeddingsError if they are not what its manifest says.
    """
    path = embeddings.directory / LAYERS_FILE
    if not path.is_file() or file_digest(path) != embeddings.manifest.get("layers_sha256"):
        raise EmbeddingsError(
            f"The pretrained layers {path} of {embeddings.release!r} are missing or damaged. "
            "Install nlu_engine again."
        )
    arrays = load_file(path)
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in arrays.items()}


def start_from(network: Network, layers: Mapping[str, Tensor]) -> None:
    """Copy pretrained ``layers`` into a new skill's network; its own layers stay as they are.

    Character vectors are shared but for those of characters that only the skill knows.
    """
    state = network.state_dict()
    for name, value in layers.items():
        state[name][: len(value)] = value
    network.load_state_dict(state)
