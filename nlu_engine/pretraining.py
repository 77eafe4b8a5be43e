"""Pretrain the layers that all skills start from, on labelled utterances of other skills.

One network a skill, all of them sharing every layer that is not the skill's own (its word
vectors, its last layers, its CRF): multi-task learning as in Goyal et al. 2018, "Fast and
Scalable Expansion of Natural Language Understanding Functionality for Intelligent Agents".
A new skill then begins with layers that already know what a slot looks like.

Needs torch; nothing at parse time imports this module.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from nlu_engine.embeddings import SharedEmbeddings, file_digest
from nlu_engine.features import UNKNOWN
from nlu_engine.network import Network
from nlu_engine.neural_training import TrainingSet, loss_of, network_for, prepare
from nlu_engine.shared_layers import (
    LAYERS_FILE,
    SHARED_CHARACTER_ROWS,
    SHARED_LAYERS,
    save_layers,
)
from nlu_engine.training_data import read_labelled

Report = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How the layers are pretrained."""

    steps: int = 8000
    batch_size: int = 24
    learning_rate: float = 2e-3
    word_dropout: float = 0.8
    """Share of words hidden from a skill's own embeddings: a new skill knows few."""
    seed: int = 0


def pretrain_release(
    files: Sequence[Path], embeddings: SharedEmbeddings, plan: Plan, report: Report
) -> dict[str, Any]:
    """Pretrain the layers of a release in its folder; returns its manifest, which names them."""
    path = embeddings.directory / LAYERS_FILE
    pretrain(files, embeddings, path, plan, report)
    manifest = {
        **embeddings.manifest,
        "layers_sha256": file_digest(path),
        "layers_steps": plan.steps,
        "layers_labelled": [file.parent.name for file in files],
    }
    document = json.dumps(manifest, indent=2) + "\n"
    (embeddings.directory / "manifest.json").write_text(document)
    return manifest


def pretrain(
    files: Sequence[Path], embeddings: SharedEmbeddings, path: Path, plan: Plan, report: Report
) -> None:
    """Train on the labelled files, one a skill, and write the shared layers to ``path``."""
    torch.manual_seed(plan.seed)
    skills = [prepare(read_labelled(file), embeddings, covered=True) for file in files]
    for skill in skills:
        characters = skill.table.characters
        characters[characters >= SHARED_CHARACTER_ROWS] = UNKNOWN
    report(f"{len(skills)} skills, {sum(len(skill.examples) for skill in skills):,} utterances")
    networks = [network_for(skill, word_dropout=plan.word_dropout) for skill in skills]
    _share(networks)
    parameters = list({id(p): p for net in networks for p in net.parameters()}.values())
    optimizer = torch.optim.AdamW(parameters, lr=plan.learning_rate)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, plan.learning_rate, total_steps=plan.steps, pct_start=0.1
    )
    losses: list[float] = []
    for step, (index, chosen) in enumerate(_draw(skills, plan)):
        loss = loss_of(networks[index].train(), skills[index].batch(chosen), 0.05)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        cycle.step()
        losses.append(loss.item())
        if (step + 1) % 500 == 0 or step + 1 == plan.steps:
            report(f"step {step + 1} of {plan.steps}: loss {np.mean(losses[-500:]):.3f}")
            save_layers(networks[0], path)


def _share(networks: Sequence[Network]) -> None:
    first = networks[0]
    rows = first.characters.weight[:SHARED_CHARACTER_ROWS].detach().clone()
    first.characters = nn.Embedding(len(rows), rows.shape[1], padding_idx=0, _weight=rows)
    for network in networks[1:]:
        for name in SHARED_LAYERS:
            setattr(network, name, getattr(first, name))


def _draw(skills: Sequence[TrainingSet], plan: Plan) -> Iterator[tuple[int, list[int]]]:
    """Yield a skill and some of its examples a step; large skills more often, but not by size."""
    generator = np.random.default_rng(plan.seed)
    sizes = np.sqrt([len(skill.examples) for skill in skills])
    for _ in range(plan.steps):
        index = int(generator.choice(len(skills), p=sizes / sizes.sum()))
        count = len(skills[index].examples)
        yield index, generator.integers(count, size=plan.batch_size).tolist()
