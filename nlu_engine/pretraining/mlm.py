"""Stage 1: masked language modelling (Devlin et al. 2019) on several corpora.

Whole words are masked, since whole words are what the store and the network see. A step is
determined by its number and the seed alone, so a training that was killed goes on from its
last checkpoint as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers.models.bert.modeling_bert import BertLMPredictionHead

from nlu_engine.pretraining.checkpoints import load_checkpoint, save_checkpoint
from nlu_engine.pretraining.corpora import MAX_WORDS, Corpus, draw_sentences
from nlu_engine.pretraining.curves import Curve, Report
from nlu_engine.pretraining.encoders import (
    Pieces,
    SharedEncoder,
    WordPieces,
    collate,
    load_encoder,
    save_encoder,
)
from nlu_engine.utterances import tokenize


@dataclass(frozen=True)
class MlmPlan:
    """How long and how fast the encoder learns to guess hidden words."""

    steps: int = 1_600
    batch_size: int = 32
    learning_rate: float = 1e-4
    hidden_share: float = 0.2
    weights: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    every: int = 100
    """Steps between two checkpoints and lines of the curve."""


class MaskedModel(nn.Module):
    """A shared encoder with the head that guesses hidden pieces, tied to the embeddings."""

    def __init__(self, encoder: SharedEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = BertLMPredictionHead(encoder.transformer.config)  # type: ignore[no-untyped-call]
        self.head.decoder.weight = encoder.transformer.embeddings.word_embeddings.weight

    def loss(self, batch: Pieces, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy of the pieces at ``hidden`` (b, p), whose ids are targets."""
        states = self.encoder.hidden(batch)[1][hidden]
        loss: Tensor = nn.functional.cross_entropy(self.head(states).float(), targets)
        return loss


def train_mlm(
    source: Path, corpora: Sequence[Corpus], plan: MlmPlan, folder: Path, report: Report
) -> None:
    """Continue from the encoder at ``source``; write the result and the curve to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    pieces = WordPieces(source)
    model = MaskedModel(load_encoder(source)).train()
    # Half of all weights are vectors of word pieces, most of which are never drawn: they stay.
    model.encoder.transformer.embeddings.requires_grad_(False)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=plan.learning_rate, weight_decay=0.01)
    done = load_checkpoint(folder, model, optimizer)
    curve = Curve(folder / "mlm.csv", done)
    for step in range(done, plan.steps):
        torch.manual_seed(plan.seed * 1_000_003 + step)
        sentences = draw_sentences(corpora, plan.weights, plan.batch_size, step, plan.seed)
        batch, hidden, targets = hide(sentences, pieces, plan, step)
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * ramp(step, plan.steps)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model.loss(batch, hidden, targets)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        curve.add(loss.item())
        if (step + 1) % plan.every == 0 or step + 1 == plan.steps:
            report(f"mlm {curve.write(step + 1)}")
            save_checkpoint(folder, step + 1, model, optimizer)
    save_encoder(model.encoder, source, folder)


def ramp(step: int, steps: int, warm_up: float = 0.06) -> float:
    """Return the share of the highest learning rate at ``step``: up, then down in a line."""
    at = (step + 1) / steps
    return min(at / warm_up, (1 - at) / (1 - warm_up) + 1e-3)


def hide(
    sentences: Sequence[str], pieces: WordPieces, plan: MlmPlan, step: int
) -> tuple[Pieces, Tensor, Tensor]:
    """Return the batch with words hidden, where they are (b, p), and the hidden pieces' ids."""
    utterances = [[token.text for token in tokenize(s)[:MAX_WORDS]] or ["."] for s in sentences]
    batch = collate(utterances, pieces)
    generator = np.random.default_rng([plan.seed, step, 1])
    chosen = torch.from_numpy(generator.random(batch.word_mask.shape) < plan.hidden_share)
    chosen[:, 0] |= ~(chosen & batch.word_mask).any(dim=1)  # one word at least
    chosen = torch.cat([chosen & batch.word_mask, torch.zeros(len(chosen), 1).bool()], dim=1)
    hidden = chosen.gather(1, batch.words)
    targets = batch.ids[hidden]
    kind = torch.from_numpy(generator.random(len(targets)))
    other = torch.from_numpy(generator.integers(pieces.count, size=len(targets)))
    shown = torch.where(kind < 0.8, pieces.mask, torch.where(kind < 0.9, other, targets))
    ids = batch.ids.clone()
    ids[hidden] = shown
    return Pieces(ids, batch.mask, batch.words, batch.word_mask), hidden, targets
