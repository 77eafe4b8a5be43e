"""Stage 2: multi-task training on labelled utterances of other skills.

One intent head and one tag head a skill on the shared encoder (Goyal et al. 2018, "Fast and
Scalable Expansion of Natural Language Understanding Functionality for Intelligent Agents").
The heads are shallow, so that what they need has to be in the word vectors. Meanwhile the
mean of the last layer is held near what the off-the-shelf encoder says of the utterance
(Hinton et al. 2015): that likeness of meanings is what few samples an intent are told apart by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nlu_engine.frames import AnnotatedUtterance
from nlu_engine.network import Crf
from nlu_engine.pretraining.checkpoints import load_checkpoint, save_checkpoint
from nlu_engine.pretraining.corpora import MAX_WORDS
from nlu_engine.pretraining.curves import Curve, Report
from nlu_engine.pretraining.encoders import (
    Pieces,
    SharedEncoder,
    WordPieces,
    collate,
    load_encoder,
    save_encoder,
)
from nlu_engine.pretraining.mlm import ramp
from nlu_engine.utterances import tags_of, tokenize

DIMENSIONS = 300


@dataclass(frozen=True)
class MultitaskPlan:
    """How long and how fast the encoder learns from other skills."""

    steps: int = 8_000
    batch_size: int = 32
    encoder_rate: float = 8e-5
    head_rate: float = 2e-3
    dropout: float = 0.3
    likeness: float = 2.0
    """Weight of staying near the teacher's sentence vectors."""
    lower_cased: float = 0.5
    """Share of the utterances that are read without capitals."""
    frozen_layers: int = 0
    """Layers that stay as they are, from the lowest: those of a multilingual encoder hold
    the languages together."""
    seed: int = 0
    every: int = 100


@dataclass(frozen=True)
class Task:
    """One skill's labelled utterances as numbers."""

    words: list[list[str]]
    tags: list[list[int]]
    intents: list[int]
    tag_names: list[str]
    intent_names: list[str]


def task_of(utterances: Sequence[AnnotatedUtterance]) -> Task:
    """Return the task of a skill."""
    tokens = [tokenize(one.text)[:MAX_WORDS] for one in utterances]
    tagged = [tags_of(t, one.frame.slots) for t, one in zip(tokens, utterances, strict=True)]
    tag_names = ["O", *sorted({tag for tags in tagged for tag in tags} - {"O"})]
    intent_names = sorted({one.frame.intent for one in utterances})
    rows = {tag: row for row, tag in enumerate(tag_names)}
    return Task(
        [[token.text for token in one] for one in tokens],
        [[rows[tag] for tag in tags] for tags in tagged],
        [intent_names.index(one.frame.intent) for one in utterances],
        tag_names,
        intent_names,
    )


class Heads(nn.Module):
    """The intent head and the tag head of one skill."""

    def __init__(self, task: Task, hidden: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.attend = nn.Linear(DIMENSIONS, 1)
        self.intents = nn.Linear(2 * DIMENSIONS + hidden, len(task.intent_names))
        self.tags = nn.Linear(DIMENSIONS, len(task.tag_names))
        self.crf = Crf(len(task.tag_names))

    def loss(
        self, words: Tensor, sentence: Tensor, mask: Tensor, tags: Tensor, intents: Tensor
    ) -> Tensor:
        """Return the joint loss of word vectors (b, n, d) and sentence vectors (b, hidden)."""
        words = self.dropout(words)
        scores = self.attend(words).squeeze(-1).masked_fill(~mask, -1e4)
        attended = (torch.softmax(scores, dim=1).unsqueeze(-1) * words).sum(dim=1)
        highest = words.masked_fill(~mask.unsqueeze(-1), -1e4).amax(dim=1)
        pooled = torch.cat([attended, highest, self.dropout(sentence)], dim=-1)
        intent_loss = nn.functional.cross_entropy(
            self.intents(pooled), intents, label_smoothing=0.05
        )
        if len(self.crf.start) == 1:
            return intent_loss
        total: Tensor = intent_loss - self.crf.log_likelihood(self.tags(words), tags, mask).mean()
        return total


class MultitaskModel(nn.Module):
    """The shared encoder and the heads of all skills."""

    def __init__(self, encoder: SharedEncoder, tasks: Mapping[str, Task], dropout: float) -> None:
        super().__init__()
        hidden = encoder.transformer.config.hidden_size
        self.encoder = encoder
        self.heads = nn.ModuleDict(
            {_key(name): Heads(task, hidden, dropout) for name, task in tasks.items()}
        )


def _key(name: str) -> str:
    return name.replace(".", "_")


def train_multitask(
    source: Path,
    teacher: Path,
    skills: Mapping[str, Sequence[AnnotatedUtterance]],
    plan: MultitaskPlan,
    folder: Path,
    report: Report,
) -> None:
    """Continue from the encoder at ``source``; write the result and the curve to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    pieces = WordPieces(source)
    tasks = {name: task_of(utterances) for name, utterances in skills.items()}
    model = MultitaskModel(load_encoder(source), tasks, plan.dropout).train()
    taught = load_encoder(teacher).eval()
    transformer = model.encoder.transformer
    transformer.embeddings.requires_grad_(False)
    transformer.encoder.layer[: plan.frozen_layers].requires_grad_(False)
    encoder = [p for p in transformer.parameters() if p.requires_grad]
    others = [
        p for name, p in model.named_parameters() if not name.startswith("encoder.transformer.")
    ]
    optimizer = torch.optim.AdamW([{"params": encoder}, {"params": others}], weight_decay=0.01)
    done = load_checkpoint(folder, model, optimizer)
    curve = Curve(folder / "multitask.csv", done)
    for step in range(done, plan.steps):
        torch.manual_seed(plan.seed * 1_000_003 + step)
        name, chosen, lowered = draw(tasks, plan, step)
        optimizer.param_groups[0]["lr"] = plan.encoder_rate * ramp(step, plan.steps)
        optimizer.param_groups[1]["lr"] = plan.head_rate * ramp(step, plan.steps)
        batch = collate(_words_of(tasks[name], chosen, lowered), pieces)
        loss, likeness = _losses(model, taught, name, tasks[name], chosen, batch)
        total = loss + plan.likeness * (1 - likeness)
        optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([*encoder, *others], 1.0)
        optimizer.step()
        curve.add(total.item())
        if (step + 1) % plan.every == 0 or step + 1 == plan.steps:
            report(f"multitask {curve.write(step + 1)}, likeness {likeness.item():.3f}")
            save_checkpoint(folder, step + 1, model, optimizer)
    save_encoder(model.encoder, source, folder)


def _words_of(task: Task, chosen: Sequence[int], lowered: bool) -> list[list[str]]:
    words = [task.words[row] for row in chosen]
    return [[word.lower() for word in one] for one in words] if lowered else words


def _losses(
    model: MultitaskModel,
    taught: SharedEncoder,
    name: str,
    task: Task,
    chosen: Sequence[int],
    batch: Pieces,
) -> tuple[Tensor, Tensor]:
    """Return the loss of the skill's heads, and the mean cosine to the teacher's sentences."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        vectors, sentence = model.encoder(batch)
        with torch.no_grad():
            target = taught(batch)[1].float()
    count = batch.word_mask.shape[1]
    tags = torch.zeros(len(chosen), count, dtype=torch.long)
    for row, index in enumerate(chosen):
        found = task.tags[index][:count]
        tags[row, : len(found)] = torch.tensor(found)
    intents = torch.tensor([task.intents[row] for row in chosen])
    heads: Any = model.heads[_key(name)]
    loss = heads.loss(vectors.float(), sentence.float(), batch.word_mask, tags, intents)
    return loss, torch.cosine_similarity(sentence.float(), target, dim=-1).mean()


def draw(tasks: Mapping[str, Task], plan: MultitaskPlan, step: int) -> tuple[str, list[int], bool]:
    """Return a skill, some of its utterances, and whether to lower them.

    Large skills come more often, but not by size: by the square root of their utterances
    times what there is to learn, their intents and tags.
    """
    generator = np.random.default_rng([plan.seed, step])
    names = list(tasks)
    weight = np.array(
        [
            len(t.words) ** 0.5 * (len(t.intent_names) + len(t.tag_names)) ** 0.5
            for t in tasks.values()
        ]
    )
    name = names[int(generator.choice(len(names), p=weight / weight.sum()))]
    words = tasks[name].words
    # A window of a larger draw sorted by length: little of the batch is padding.
    pool = sorted(
        generator.integers(len(words), size=4 * plan.batch_size).tolist(),
        key=lambda row: len(words[row]),
    )
    start = int(generator.integers(len(pool) - plan.batch_size + 1))
    chosen = pool[start : start + plan.batch_size]
    return name, chosen, bool(generator.random() < plan.lower_cased)
