"""Stage 4: the layers that every quick network starts from.

One network a skill, all of them sharing every layer that is not the skill's own (its word
vectors, its last layers, its CRF), trained on labelled utterances of other skills on top of
the static store of a release (Goyal et al. 2018, "Fast and Scalable Expansion of Natural
Language Understanding Functionality for Intelligent Agents"). A new skill then begins with
layers that already know what a slot looks like. The rows of the last layers are made of the names
of intents and slots (``labels``) plus, in half of the steps, what the skill has of its own: so
names have to do by themselves in the other half.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from nlu_engine.embeddings import SharedEmbeddings
from nlu_engine.features import UNKNOWN, Vocabulary
from nlu_engine.frames import AnnotatedUtterance
from nlu_engine.labels import LabelLayers, name_vectors, slots_of
from nlu_engine.network import Batch, Network, NetworkShape
from nlu_engine.neural_training import TrainingSet, loss_of, prepare, shape_for
from nlu_engine.pretraining.checkpoints import load_checkpoint, save_checkpoint
from nlu_engine.pretraining.curves import Curve, Report
from nlu_engine.pretraining.mlm import ramp
from nlu_engine.start import LABELS, SHARED_CHARACTER_ROWS, SHARED_LAYERS, save_layers


@dataclass(frozen=True)
class StartPlan:
    """How the layers are pretrained."""

    steps: int = 6_000
    batch_size: int = 24
    learning_rate: float = 2e-3
    most: int = 6_000
    """Utterances of a skill that are learned from, drawn at random."""
    word_dropout: float = 0.8
    """Share of words hidden from a skill's own embeddings: a new skill knows few."""
    seed: int = 0
    every: int = 500


def train_start(
    skills: Mapping[str, Sequence[AnnotatedUtterance]],
    embeddings: SharedEmbeddings,
    plan: StartPlan,
    folder: Path,
    report: Report,
) -> None:
    """Train on the skills; write the shared layers, a curve and checkpoints to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    generator = random.Random(plan.seed)
    drawn = [generator.sample(one, min(len(one), plan.most)) for one in skills.values()]
    sets = [prepare(one, embeddings, "quick", covered=True) for one in drawn]
    for one in sets:
        characters = one.table.characters
        characters[characters >= SHARED_CHARACTER_ROWS] = UNKNOWN
    report(f"{len(sets)} skills, {sum(len(one.examples) for one in sets):,} utterances")
    networks = nn.ModuleList(
        [
            NamedNetwork(shape_for(one, word_dropout=plan.word_dropout), one.vocabulary, embeddings)
            for one in sets
        ]
    )
    _share(networks)
    optimizer = torch.optim.AdamW(networks.parameters(), lr=plan.learning_rate, fused=True)
    done = load_checkpoint(folder, networks, optimizer)
    curve = Curve(folder / "start.csv", done)
    for step in range(done, plan.steps):
        torch.manual_seed(plan.seed * 1_000_003 + step)
        index, chosen = draw(sets, plan, step)
        network = networks[index].train()
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * ramp(step, plan.steps, 0.1)
        loss = loss_of(network, sets[index].batch(chosen), 0.05)  # type: ignore[arg-type]
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        curve.add(loss.item())
        if (step + 1) % plan.every == 0 or step + 1 == plan.steps:
            report(f"start {curve.write(step + 1)}")
            save_checkpoint(folder, step + 1, networks, optimizer)
    save_layers(networks[0], folder)  # type: ignore[arg-type]


class NamedNetwork(Network):
    """A network whose last layers are made of names, half of the time of names alone."""

    def __init__(
        self, shape: NetworkShape, vocabulary: Vocabulary, embeddings: SharedEmbeddings
    ) -> None:
        super().__init__(shape)
        self.labels = LabelLayers(embeddings.dimensions, shape.head)
        self._tags = vocabulary.tags
        self._slot_names = name_vectors(slots_of(vocabulary.tags), embeddings)
        self._intent_names = name_vectors(vocabulary.intents, embeddings)
        self._own = 1.0

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return intent scores (b, intents) and tag scores (b, n, tags)."""
        self._own = float(torch.rand(()) < 0.5)
        return super().forward(batch)

    def tag_scores(self, hidden: Tensor) -> Tensor:
        """Return the scores (t, tags) by named rows, and the skill's own if it is their turn."""
        named = hidden @ self.labels.of_tags(self._tags, self._slot_names).T
        return named + self._own * super().tag_scores(hidden)

    def intent_scores(self, hidden: Tensor) -> Tensor:
        """Return the scores (b, intents) by named rows, and the skill's own if it is their turn."""
        named = hidden @ self.labels.of_intents(self._intent_names).T
        return named + self._own * super().intent_scores(hidden)


def _share(networks: nn.ModuleList) -> None:
    first: Network = networks[0]  # type: ignore[assignment]
    rows = first.characters.weight[:SHARED_CHARACTER_ROWS].detach().clone()
    first.characters = nn.Embedding(len(rows), rows.shape[1], padding_idx=0, _weight=rows)
    for network in networks[1:]:
        for name in (*SHARED_LAYERS, LABELS):
            setattr(network, name, getattr(first, name))


def draw(sets: Sequence[TrainingSet], plan: StartPlan, step: int) -> tuple[int, list[int]]:
    """Return a skill and some of its examples; large skills come more often, but not by size."""
    generator = np.random.default_rng([plan.seed, step])
    sizes = np.sqrt([len(one.examples) for one in sets])
    index = int(generator.choice(len(sets), p=sizes / sizes.sum()))
    return index, generator.integers(len(sets[index].examples), size=plan.batch_size).tolist()
