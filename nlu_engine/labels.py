"""What a network's last layers begin with: rows made of the names of intents and slots.

A slot that is called "party_size" is told by much the same in every skill, so the rows of the
last layers are made of the shared embeddings of names (after Bapna et al. 2017, "Towards Zero-Shot
Frame Semantic Parsing for Domain Scaling"). ``pretraining`` learns how, on other skills; a new
skill begins with such rows and trains them like all others, so parsing knows nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from nlu_engine.embeddings import SharedEmbeddings

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")


def name_vectors(names: Sequence[str], embeddings: SharedEmbeddings) -> Tensor:
    """Return (names, dimensions): of each, the mean of its words' vectors, of length 1."""
    return torch.stack([_name_vector(name, embeddings) for name in names])


def _name_vector(name: str, embeddings: SharedEmbeddings) -> Tensor:
    words = [word.lower() for word in _WORD.findall(name)] or [name]
    mean = np.mean([embeddings.vector(word) for word in words], axis=0)
    return torch.from_numpy(mean / max(float(np.linalg.norm(mean)), 1e-6))


class LabelLayers(nn.Module):
    """Makes rows of the last layers, of ``head`` numbers each, of names' vectors."""

    def __init__(self, dimensions: int, head: int) -> None:
        super().__init__()
        self.begin = nn.Linear(dimensions, head)
        self.inside = nn.Linear(dimensions, head)
        self.intent = nn.Linear(dimensions, head)
        self.outside = nn.Parameter(torch.zeros(head))

    def of_tags(self, tags: Sequence[str], slots: Tensor) -> Tensor:
        """Return the rows (tags, head) of BIO ``tags`` whose slots' names are ``slots``."""
        begins = torch.tensor([tag.startswith("B-") for tag in tags]).unsqueeze(1)
        outside = torch.tensor([tag == "O" for tag in tags]).unsqueeze(1)
        rows = torch.where(begins, self.begin(slots), self.inside(slots))
        return torch.where(outside, self.outside, rows)

    def of_intents(self, intents: Tensor) -> Tensor:
        """Return the rows (intents, head) of intents whose names are ``intents``."""
        rows: Tensor = self.intent(intents)
        return rows


def slots_of(tags: Sequence[str]) -> list[str]:
    """Return the slot's name of each BIO tag, itself for "O"."""
    return [tag if tag == "O" else tag[2:] for tag in tags]
