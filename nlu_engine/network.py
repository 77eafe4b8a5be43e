"""The network of one skill: tokens in, intent scores and tag scores out.

    shared vector -> projection, LayerNorm ─┐
    skill-specific vector ──────────────────┤
    characters -> convolution, maximum ─────┼─> token ─> BiLSTM ─> tag head ─> CRF
    shape ──────────────────────────────────┘               └─> pooling ─┬─> intent head
    sentence vector, in the full tier ───────────────────────────────────┘

One file, read top to bottom; knows nothing of text, files or how it is trained.
``neural`` computes the same with numpy when parsing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class NetworkShape:
    """Every size of the network; the first three come from the skill."""

    words: int
    characters: int
    intents: int
    tags: int
    dimensions: int = 300
    sentence: int = 0
    projection: int = 160
    word_width: int = 32
    character_width: int = 24
    character_filters: int = 48
    shape_features: int = 8
    hidden: int = 128
    summary: int = 128
    head: int = 128
    dropout: float = 0.4
    word_dropout: float = 0.15


@dataclass(frozen=True)
class Batch:
    """Padded arrays of b utterances of up to n tokens."""

    shared: Tensor  # (b, n, dimensions)
    words: Tensor  # (b, n)
    characters: Tensor  # (b, n, characters)
    shapes: Tensor  # (b, n, shape features)
    mask: Tensor  # (b, n), true where there is a token
    tags: Tensor  # (b, n)
    sentences: Tensor  # (b, sentence)
    intents: Tensor  # (b,)
    in_scope: Tensor  # (b,), false where the utterance is a negative, whose tags are unknown


class Network(nn.Module):
    """Scores intents and tags of a batch of utterances."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self.project = nn.Linear(shape.dimensions, shape.projection)
        self.normalize = nn.LayerNorm(shape.projection)
        self.words = nn.Embedding(shape.words, shape.word_width, padding_idx=0)
        self.characters = nn.Embedding(shape.characters, shape.character_width, padding_idx=0)
        self.convolve = nn.Conv1d(shape.character_width, shape.character_filters, 3, padding=1)
        token = shape.projection + shape.word_width + shape.character_filters + shape.shape_features
        both = 2 * shape.hidden
        self.recur = nn.LSTM(token, shape.hidden, batch_first=True, bidirectional=True)
        self.tag_hidden = nn.Linear(both + token, shape.head)
        self.tag_out = nn.Linear(shape.head, shape.tags)
        self.attend = nn.Linear(both, 1)
        summary = shape.summary if shape.sentence else 0
        self.summarize = nn.Linear(shape.sentence, summary) if summary else None
        self.intent_hidden = nn.Linear(both + both + shape.projection + summary, shape.head)
        self.intent_out = nn.Linear(shape.head, shape.intents)
        self.crf = Crf(shape.tags)
        self.dropout = nn.Dropout(shape.dropout)
        nn.init.normal_(self.words.weight, std=0.1)
        nn.init.normal_(self.characters.weight, std=0.3)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return intent scores (b, intents) and tag scores (b, n, tags)."""
        shared = self.normalize(self.project(self._drop(batch.shared)))  # (b, n, projection)
        token = torch.cat(
            [shared, self._local(batch), self._spelling(batch.characters), batch.shapes], dim=-1
        )
        token = self.dropout(token)
        context = self.dropout(self._recurred(token, batch.mask))  # (b, n, 2 hidden)
        tag = nn.functional.gelu(self.tag_hidden(torch.cat([context, token], dim=-1)))
        return self._intents(context, shared, batch), self.tag_out(self.dropout(tag))

    def _recurred(self, token: Tensor, mask: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(
            token, mask.sum(dim=1), batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(self.recur(packed)[0], batch_first=True)
        return states

    def _drop(self, shared: Tensor) -> Tensor:
        return nn.functional.dropout(shared, self.shape.dropout / 2, self.training)

    def _local(self, batch: Batch) -> Tensor:
        words = batch.words
        if self.training:  # learn to live without the skill's own words
            dropped = torch.rand(words.shape) < self.shape.word_dropout
            words = torch.where(dropped & (words > 0), 1, words)
        vectors: Tensor = self.words(words)
        return vectors

    def _spelling(self, characters: Tensor) -> Tensor:
        batch, length, width = characters.shape
        flat = characters.reshape(batch * length, width)
        convolved = self.convolve(self.characters(flat).transpose(1, 2))  # (b n, filters, width)
        padding = (flat == 0).unsqueeze(1)
        pooled = torch.relu(convolved.masked_fill(padding, -1e4)).amax(dim=2)
        return pooled.reshape(batch, length, -1)

    def _intents(self, context: Tensor, shared: Tensor, batch: Batch) -> Tensor:
        mask = batch.mask
        scores = self.attend(context).squeeze(-1).masked_fill(~mask, -1e4)
        attended = (torch.softmax(scores, dim=1).unsqueeze(-1) * context).sum(dim=1)
        highest = context.masked_fill(~mask.unsqueeze(-1), -1e4).amax(dim=1)
        weights = mask.unsqueeze(-1) / mask.sum(dim=1, keepdim=True).unsqueeze(-1)
        pooled = [attended, highest, (shared * weights).sum(dim=1)]
        if self.summarize is not None:
            pooled.append(nn.functional.gelu(self.summarize(self._drop(batch.sentences))))
        hidden = nn.functional.gelu(self.intent_hidden(self.dropout(torch.cat(pooled, dim=-1))))
        intents: Tensor = self.intent_out(self.dropout(hidden))
        return intents


class Crf(nn.Module):
    """A linear-chain conditional random field over tags (Lafferty et al. 2001)."""

    def __init__(self, tags: int) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.zeros(tags))
        self.end = nn.Parameter(torch.zeros(tags))
        self.transitions = nn.Parameter(torch.zeros(tags, tags))  # (from, to)

    def log_likelihood(self, scores: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Return log P(tags | scores), shape (b,), of scores (b, n, tags)."""
        return self._path_score(scores, tags, mask) - self.log_partition(scores, mask)

    def _path_score(self, scores: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        emitted = scores.gather(2, tags.unsqueeze(-1)).squeeze(-1) * mask
        moved = self.transitions[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]
        last = tags.gather(1, (mask.sum(dim=1) - 1).unsqueeze(-1)).squeeze(-1)
        total: Tensor = emitted.sum(1) + moved.sum(1) + self.start[tags[:, 0]] + self.end[last]
        return total

    def log_partition(self, scores: Tensor, mask: Tensor) -> Tensor:
        """Return the log of the sum over all tag sequences, shape (b,)."""
        alpha = self.start + scores[:, 0]  # (b, tags)
        # A product with exp(transitions) takes t exponentials a step where logsumexp takes t * t.
        highest = self.transitions.detach().max()
        moves = (self.transitions - highest).exp()
        for step in range(1, scores.shape[1]):
            shift = alpha.detach().amax(dim=1, keepdim=True)
            arrived = (alpha - shift).exp() @ moves
            following = (arrived + 1e-30).log() + (shift + highest)
            alpha = torch.where(mask[:, step, None], following + scores[:, step], alpha)
        return torch.logsumexp(alpha + self.end, dim=1)
