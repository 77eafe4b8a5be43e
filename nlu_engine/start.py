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
from nlu_engine.features import SHARED_CHARACTERS, UNKNOWN, Vocabulary
from nlu_engine.labels import LabelLayers, name_vectors, slots_of
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
LABELS = "labels"
"""What the layers' names begin with that make rows of names."""
SHARED_CHARACTER_ROWS = UNKNOWN + 1 + len(SHARED_CHARACTERS)


def save_layers(network: Network, folder: Path) -> None:
    """Write the shared layers of ``network``, and its label layers, in half precision."""
    state = network.state_dict()
    saved = {*SHARED_LAYERS, LABELS}
    kept = {name: value for name, value in state.items() if name.split(".")[0] in saved}
    arrays = {name: value.numpy().astype(np.float16) for name, value in kept.items()}
    save_file(arrays, folder / START)


def load_layers(embeddings: SharedEmbeddings) -> dict[str, Tensor]:
    """Return the pretrained layers of a release.

    Raises EmbeddingsError if they are not what its manifest says.
    """
    directory = embeddings.directory
    arrays = load_file(checked_file(directory, read_manifest(directory), START))
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in arrays.items()}


def start_from(
    network: Network,
    layers: Mapping[str, Tensor],
    vocabulary: Vocabulary,
    embeddings: SharedEmbeddings,
) -> None:
    """Copy pretrained ``layers`` into a new skill's network, and name its last layers' rows.

    Character vectors are shared but for those of characters that only the skill knows, and
    what comes after a token's shared features, its listed values, is the skill's own.
    """
    state = network.state_dict()
    shared = {name: value for name, value in layers.items() if not name.startswith(LABELS)}
    for name, value in shared.items():
        state[name][tuple(slice(size) for size in value.shape)] = value
    network.load_state_dict(state)
    _name_rows(network, _label_layers(layers), vocabulary, embeddings)


def _label_layers(layers: Mapping[str, Tensor]) -> LabelLayers:
    head, dimensions = layers[f"{LABELS}.begin.weight"].shape
    labels = LabelLayers(dimensions, head)
    own = {n.removeprefix(f"{LABELS}."): v for n, v in layers.items() if n.startswith(LABELS)}
    labels.load_state_dict(own)
    return labels


@torch.no_grad()
def _name_rows(
    network: Network, labels: LabelLayers, vocabulary: Vocabulary, embeddings: SharedEmbeddings
) -> None:
    """Let the rows of the last layers begin with what their names make; biases with nothing."""
    tags, intents = vocabulary.tags, vocabulary.intents
    slots = name_vectors(slots_of(tags), embeddings)
    network.tag_out.weight.copy_(labels.of_tags(tags, slots))
    named = labels.of_intents(name_vectors(intents, embeddings))
    network.intent_out.weight[: len(intents)] = named
    network.tag_out.bias.zero_()
    network.intent_out.bias.zero_()
