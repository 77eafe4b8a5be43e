"""The network of one skill: tokens in, intent scores and tag scores out.

    shared vector -> projection, LayerNorm ─┐
    skill-specific vector ──────────────────┤
    characters -> convolution, maximum ─────┼─> token ─> BiLSTM ─> tag head ─> CRF
    shape ──────────────────────────────────┤               └─> pooling ─┬─> intent head
    listed values -> projection ────────────┘                            │
    sentence vector, in the full tier ───────────────────────────────────┘

One file, read top to bottom; knows nothing of text, files or how it is trained.
``scoring`` computes the same with numpy when parsing, and lets ``pooled`` have its say on intents.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from nlu_engine.partition import log_partition
from nlu_engine.recurrence import Recurrence, packing_of


@dataclass(frozen=True)
class NetworkShape:
    """Every size of the network; the first three come from the skill."""

    words: int
    characters: int
    intents: int
    tags: int
    dimensions: int = 300
    sentence: int = 0
    listed: int = 0
    projection: int = 160
    word_width: int = 32
    character_width: int = 24
    character_filters: int = 48
    shape_features: int = 8
    listed_width: int = 16
    hidden: int = 128
    summary: int = 128
    head: int = 128
    dropout: float = 0.4
    word_dropout: float = 0.15
    listed_dropout: float = 0.4


@dataclass(frozen=True)
class Batch:
    """Arrays of b utterances of up to n tokens, t tokens in all and u different words.

    The tokens of all utterances lie one after the other: nothing is computed for padding.
    """

    shared: Tensor  # (t, dimensions)
    words: Tensor  # (t,)
    shapes: Tensor  # (t, shape features)
    listed: Tensor  # (t, listed)
    spelled: Tensor  # (t,), the row of each token's spelling
    spellings: Tensor  # (u, characters)
    mask: Tensor  # (b, n), true where there is a token
    tags: Tensor  # (b, n)
    sentences: Tensor  # (b, sentence)
    intents: Tensor  # (b,)
    in_scope: Tensor  # (b,), false where the utterance is a negative, whose tags are unknown


gelu = partial(nn.functional.gelu, approximate="tanh")


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
        listed = shape.listed_width if shape.listed else 0
        self.list = nn.Linear(shape.listed, listed, bias=False) if listed else None
        token = shape.projection + shape.word_width + shape.character_filters
        token += shape.shape_features + listed
        both = 2 * shape.hidden
        self.recur = Recurrence(token, shape.hidden)
        self.tag_hidden = nn.Linear(both + token, shape.head)
        self.tag_out = nn.Linear(shape.head, shape.tags)
        self.attend = nn.Linear(both, 1)
        summary = shape.summary if shape.sentence else 0
        self.summarize = nn.Linear(shape.sentence, summary) if summary else None
        self.intent_hidden = nn.Linear(both + both + shape.projection + summary, shape.head)
        self.intent_out = nn.Linear(shape.head, shape.intents)
        self.crf = Crf(shape.tags)
        self.dropout = nn.Dropout(shape.dropout)
        self.sentence_dropout = nn.Dropout(shape.dropout / 2)
        nn.init.normal_(self.words.weight, std=0.1)
        nn.init.normal_(self.characters.weight, std=0.3)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return intent scores (b, intents) and tag scores (b, n, tags)."""
        drop = _Dropout(batch.mask) if self.training else _nothing
        rate = self.shape.dropout
        shared = self.normalize(self.project(drop(batch.shared, rate / 2)))  # (t, projection)
        spelling = self._spelling(batch.spellings)[batch.spelled]
        facts = [batch.shapes, *self._listed(batch)]
        token = torch.cat([shared, self._local(batch.words), spelling, *facts], dim=-1)
        token = drop(token, rate)
        context = drop(self.recur(token, packing_of(batch.mask.sum(dim=1))), rate)  # (t, 2 hidden)
        tag = gelu(self.tag_hidden(torch.cat([context, token], dim=-1)))
        tags = _padded(self.tag_scores(drop(tag, rate)), batch.mask)
        return self._intents(context, shared, batch), tags

    def _local(self, words: Tensor) -> Tensor:
        if self.training:  # learn to live without the skill's own words
            words = torch.where(torch.rand(words.shape) < self.shape.word_dropout, 1, words)
        vectors: Tensor = self.words(words)
        return vectors

    def _listed(self, batch: Batch) -> list[Tensor]:
        if self.list is None:
            return []
        listed = batch.listed
        if self.training:  # learn to live without: a value may be missing from its list
            kept = torch.rand(len(batch.mask)) >= self.shape.listed_dropout
            listed = listed * kept[batch.mask.nonzero()[:, 0], None]
        return [self.list(listed)]

    def _spelling(self, characters: Tensor) -> Tensor:
        # One product of all windows: torch's convolution is far slower on arrays of this size.
        padded = nn.functional.pad(self.characters(characters), (0, 0, 1, 1))
        windows = padded.unfold(1, 3, 1).flatten(2)  # (u, characters, 3 character widths)
        kernel = self.convolve.weight.flatten(1)
        convolved = nn.functional.linear(windows, kernel, self.convolve.bias)
        padding = (characters == 0).unsqueeze(2)  # (u, characters, 1)
        return torch.relu(convolved.masked_fill(padding, -1e4)).amax(dim=1)

    def _intents(self, context: Tensor, shared: Tensor, batch: Batch) -> Tensor:
        mask, states = batch.mask, _padded(context, batch.mask)
        scores = self.attend(states).squeeze(-1).masked_fill(~mask, -1e4)
        attended = (torch.softmax(scores, dim=1).unsqueeze(-1) * states).sum(dim=1)
        highest = states.masked_fill(~mask.unsqueeze(-1), -1e4).amax(dim=1)
        mean = _padded(shared, mask).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        pooled = [attended, highest, mean]
        if self.summarize is not None:
            pooled.append(gelu(self.summarize(self.sentence_dropout(batch.sentences))))
        hidden = gelu(self.intent_hidden(self.dropout(torch.cat(pooled, dim=-1))))
        return self.intent_scores(self.dropout(hidden))

    def tag_scores(self, hidden: Tensor) -> Tensor:
        """Return the last layer's scores (t, tags) of ``hidden`` (t, head)."""
        scores: Tensor = self.tag_out(hidden)
        return scores

    def intent_scores(self, hidden: Tensor) -> Tensor:
        """Return the last layer's scores (b, intents) of ``hidden`` (b, head)."""
        scores: Tensor = self.intent_out(hidden)
        return scores


class _Dropout:
    """Drops the same numbers of all tokens of an utterance (Gal and Ghahramani 2016)."""

    def __init__(self, mask: Tensor) -> None:
        self.utterances = len(mask)
        self.owners = mask.nonzero()[:, 0]  # (t,), the utterance of each token

    def __call__(self, tokens: Tensor, rate: float) -> Tensor:
        kept = torch.rand(self.utterances, tokens.shape[-1]) >= rate
        return tokens * (kept / (1 - rate))[self.owners]


def _nothing(tokens: Tensor, rate: float) -> Tensor:
    return tokens


def _padded(tokens: Tensor, mask: Tensor) -> Tensor:
    """Return (t, width) as (b, n, width), with zeros where there is no token."""
    padded = tokens.new_zeros(*mask.shape, tokens.shape[-1])
    rows = mask.flatten().nonzero()[:, 0]
    return padded.flatten(0, 1).index_copy(0, rows, tokens).view_as(padded)


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
        return log_partition(scores, self.start, self.end, self.transitions, mask)
