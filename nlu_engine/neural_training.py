"""Fit the network of one skill. Needs torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nlu_engine.embeddings import SharedEmbeddings, Tier, Vectors, is_covered
from nlu_engine.encodings import Encoding, EncodingCache
from nlu_engine.errors import TrainingDiverged
from nlu_engine.features import (
    SHAPE_FEATURES,
    FeatureExtractor,
    Vocabulary,
    learn_vocabulary,
    shapes_of,
)
from nlu_engine.frames import AnnotatedUtterance
from nlu_engine.likeness import fit_likeness
from nlu_engine.listed import ListedValues
from nlu_engine.network import Batch, Network, NetworkShape
from nlu_engine.neural import STATIC, Allowed, NeuralRecognizer, Trained
from nlu_engine.pooled import fit_pooled
from nlu_engine.start import load_layers, start_from
from nlu_engine.training_data import TrainingData
from nlu_engine.utterances import Token, tags_of, tokenize
from nlu_engine.weights import pack

MAX_TRAINING_TOKENS = 128
"""Tokens of a training utterance that the network sees; a longer one is cut."""

ENCODED_AT_ONCE = 64
"""Utterances that go through the encoder before progress is told."""

POOL = 8
"""Batches that are drawn together and sorted by length."""

_OWN_SHARE = 0.75
"""Share of the full tier's training that its own network takes, the rest is the quick tier's."""

NOTHING_LISTED = ListedValues({})

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast the network learns."""

    steps: int
    batch_size: int = 32
    negatives: int = 8
    """Negatives that each batch has besides, where the skill has a fallback."""
    learning_rate: float = 3e-3
    label_smoothing: float = 0.05
    weight_decay: float = 0.01
    average_from: float = 0.6
    """Share of the steps after which the weights are averaged (Izmailov et al. 2018)."""


def schedule_for(utterances: int, tier: Tier) -> Schedule:
    """Return the schedule for a training set of that size: more passes over a small one.

    The quick tier makes half the passes in larger steps: a point less on what was held out,
    for half the time (docs/experiments.md).
    """
    passes = min(30 if tier == "quick" else 60, max(10, 30_000 / max(utterances, 1)))
    steps = max(400, round(passes * utterances / Schedule.batch_size))
    if tier == "quick":
        return Schedule(steps, learning_rate=5e-3, average_from=0.5)
    return Schedule(steps)


SIZES: Mapping[Tier, Mapping[str, int]] = {"quick": {}, "full": {"hidden": 96}}
"""What a tier's own network has otherwise than ``NetworkShape`` says: beside the quick tier's, the
full tier's does as well with 96 numbers a direction, and both fit in a megabyte."""


def dropout_for(utterances: int) -> float:
    """Return the share that the network forgets in training: less where there is more to learn.

    0.4 up to 1,000 utterances, 0.25 from 4,000 on (docs/experiments.md).
    """
    more = math.log(min(max(utterances / 1_000, 1), 4), 4)
    return 0.4 - 0.15 * more


HURRIED = Schedule(steps=150, learning_rate=1e-2)
"""For a quick network that has to answer soon, whatever the size of the training set: three times
the learning rate makes up for most of the steps that are missing (docs/experiments.md)."""


class WordTable:
    """The features of every different word of a training set, each computed once."""

    def __init__(self, tokenized: Sequence[Sequence[Token]], extract: FeatureExtractor) -> None:
        words = dict.fromkeys(token.text for tokens in tokenized for token in tokens)
        self._rows = {word: row for row, word in enumerate(words)}
        shared, local, characters = zip(*(extract.of_word(word) for word in words), strict=True)
        self.shared = torch.from_numpy(np.stack(shared))  # (words, dimensions)
        self.local = torch.tensor(local)  # (words,)
        self.characters = torch.from_numpy(np.stack(characters))  # (words, characters)

    def rows(self, tokens: Sequence[Token]) -> Tensor:
        """Return the row of each token, shape (n,)."""
        return torch.tensor([self._rows[token.text] for token in tokens])


@dataclass(frozen=True)
class Example:
    """One training utterance of n tokens as numbers."""

    rows: Tensor  # (n,) of the word table
    context: Tensor  # (n, dimensions of the encoder), half precision
    shapes: Tensor  # (n, SHAPE_FEATURES)
    listed: Tensor  # (n, 2 slots with values)
    sentence: Tensor  # (sentence dimensions,), half precision
    tags: Tensor  # (n,)
    intent: int  # one more than the last where it is a negative


@dataclass(frozen=True)
class TrainingSet:
    """A skill's training data as numbers, ready to be drawn in batches."""

    table: WordTable
    examples: list[Example]
    vocabulary: Vocabulary
    extract: FeatureExtractor
    negatives: int = 0
    """How many of the examples, the last ones, are out of scope."""

    def batch(self, chosen: Sequence[int]) -> Batch:
        """Return the padded arrays of the ``chosen`` examples."""
        examples = [self.examples[index] for index in chosen]
        lengths = torch.tensor([len(example.tags) for example in examples])
        rows = torch.cat([example.rows for example in examples])
        words, spelled = torch.unique(rows, return_inverse=True)
        context = torch.cat([example.context for example in examples]).float()
        intents = torch.tensor([example.intent for example in examples])
        return Batch(
            shared=torch.cat([self.table.shared[rows], context], dim=-1),
            words=self.table.local[rows],
            shapes=torch.cat([example.shapes for example in examples]),
            listed=torch.cat([example.listed for example in examples]),
            spelled=spelled,
            spellings=self.table.characters[words],
            mask=torch.arange(int(lengths.max())) < lengths.unsqueeze(1),
            tags=nn.utils.rnn.pad_sequence([one.tags for one in examples], batch_first=True),
            sentences=torch.stack([example.sentence for example in examples]).float(),
            intents=intents,
            in_scope=intents < len(self.vocabulary.intents),
        )


def prepare(
    utterances: Sequence[AnnotatedUtterance],
    embeddings: SharedEmbeddings,
    tier: Tier,
    *,
    covered: bool,
    listed: ListedValues = NOTHING_LISTED,
    copies: Sequence[AnnotatedUtterance] = (),
    negatives: Sequence[str] = (),
    encodings: EncodingCache | None = None,
    on_progress: Progress = lambda share: None,
) -> TrainingSet:
    """Turn annotated utterances into numbers, learning the skill's vocabulary from them.

    ``copies`` are learned from alike, but the skill has no words of their own.
    ``negatives`` become examples of one intent more than the vocabulary has.
    """
    everything = [*utterances, *copies]
    tokenized = [tokenize(utterance.text)[:MAX_TRAINING_TOKENS] for utterance in everything]
    tagged = [
        tags_of(tokens, utterance.frame.slots)
        for tokens, utterance in zip(tokenized, everything, strict=True)
    ]
    intents = [utterance.frame.intent for utterance in everything]
    vocabulary = learn_vocabulary(tokenized[: len(utterances)], intents, _all_tags(tagged))
    extract = FeatureExtractor(embeddings, vocabulary, tier, covered=covered, listed=listed)
    outside = [tokenize(text)[:MAX_TRAINING_TOKENS] for text in negatives]
    table = WordTable([*tokenized, *outside], extract)
    tag_rows = {tag: row for row, tag in enumerate(vocabulary.tags)}
    intent_rows = {intent: row for row, intent in enumerate(vocabulary.intents)}
    targets = [
        *zip(tokenized, [[tag_rows[tag] for tag in tags] for tags in tagged], intents, strict=True),
        *((tokens, [0] * len(tokens), None) for tokens in outside),
    ]
    encoded = _encoded(extract, [tokens for tokens, _, _ in targets], encodings, on_progress)
    examples = [
        Example(
            table.rows(tokens),
            torch.from_numpy(context).half(),
            torch.from_numpy(shapes_of(tokens)),
            torch.from_numpy(extract.listed(tokens)),
            torch.from_numpy(sentence).half(),
            torch.tensor(tags),
            len(intent_rows) if intent is None else intent_rows[intent],
        )
        for (tokens, tags, intent), (context, sentence) in zip(targets, encoded, strict=True)
    ]
    return TrainingSet(table, examples, vocabulary, extract, len(outside))


def _encoded(
    extract: FeatureExtractor,
    tokenized: Sequence[Sequence[Token]],
    encodings: EncodingCache | None,
    on_progress: Progress,
) -> list[Encoding]:
    """Return the encoding of each utterance, from the cache where it is known.

    Each goes through the encoder alone: in 8 bits, what an utterance shares a batch with changes
    its numbers, and those must not depend on what the cache happens to hold.
    """
    if extract.tier == "quick":
        return extract.in_context(tokenized)
    said = [tuple(token.text for token in tokens) for tokens in tokenized]
    different = list(dict.fromkeys(said))
    known = encodings.get(extract.release, different) if encodings else {}
    found = {different[place]: encoding for place, encoding in known.items()}
    missing = [words for words in different if words not in found]
    for start in range(0, len(missing), ENCODED_AT_ONCE):
        on_progress(start / len(missing))
        new = [
            (words, extract.of_words(words)) for words in missing[start : start + ENCODED_AT_ONCE]
        ]
        found.update(new)
        if encodings:
            encodings.put(extract.release, new)
    return [found[words] for words in said]


def _all_tags(tagged: Sequence[Sequence[str]]) -> set[str]:
    names = {tag[2:] for tags in tagged for tag in tags if tag != "O"}
    return {f"{prefix}-{name}" for name in names for prefix in "BI"}


def shape_for(training_set: TrainingSet, **sizes: Any) -> NetworkShape:
    """Return the sizes that the training set asks for, the others from ``sizes``."""
    vocabulary, first = training_set.vocabulary, training_set.examples[0]
    return NetworkShape(
        words=len(vocabulary.words) + 2,
        characters=len(vocabulary.characters) + 2,
        intents=len(vocabulary.intents) + (training_set.negatives > 0),
        tags=len(vocabulary.tags),
        dimensions=training_set.table.shared.shape[1] + first.context.shape[1],
        sentence=len(first.sentence),
        listed=first.listed.shape[1],
        shape_features=SHAPE_FEATURES,
        **sizes,
    )


def train_neural(
    data: TrainingData,
    embeddings: SharedEmbeddings,
    tier: Tier = "full",
    *,
    copies: Sequence[AnnotatedUtterance] = (),
    negatives: Sequence[str] = (),
    seed: int = 0,
    encodings: EncodingCache | None = None,
    on_progress: Callable[[str, float], None] = lambda step, share: None,
    schedule: Schedule | None = None,
) -> NeuralRecognizer:
    """Fit the tier's network on ``data`` and return the recognizer made of it.

    The full tier's has the quick tier's network besides, and the likeness of samples.

    ``copies`` (``augmentation.copies_of``) are learned from besides, in the same time.
    ``encodings``: what the encoder made of utterances before, and keeps what it makes of new ones.
    ``on_progress(step, share)`` is told how much of "embed", then of "train", is done.
    Raises TrainingDiverged when the loss stops being finite.
    """
    training_set = prepare(
        data.utterances,
        embeddings,
        tier,
        covered=is_covered(data.locale),
        listed=ListedValues(data.slot_values, data.patterns),
        copies=copies,
        negatives=negatives,
        encodings=encodings,
        on_progress=partial(on_progress, "embed"),
    )
    train = partial(_trained, data=data, embeddings=embeddings, seed=seed, schedule=schedule)
    report = partial(on_progress, "train")
    if tier == "quick":
        weights = train(training_set, "quick", on_progress=report)
    else:
        own = train(training_set, "full", on_progress=lambda share: report(_OWN_SHARE * share))
        static = train(
            without_context(training_set),
            "quick",
            on_progress=lambda share: report(_OWN_SHARE + (1 - _OWN_SHARE) * share),
        )
        weights = own | {STATIC + name: array for name, array in static.items()}
        weights |= _likeness(training_set.examples[: len(data.utterances)])
    vocabulary = training_set.vocabulary
    trained = Trained(weights, _allowed(data, vocabulary))
    return NeuralRecognizer(lambda: trained, vocabulary, training_set.extract)


def _trained(
    training_set: TrainingSet,
    tier: Tier,
    *,
    data: TrainingData,
    embeddings: SharedEmbeddings,
    seed: int,
    schedule: Schedule | None,
    on_progress: Progress,
) -> dict[str, npt.NDArray[Any]]:
    """Return the packed weights of one network, and of the classifier beside it."""
    torch.manual_seed(seed)
    count = len(data.utterances)
    network = Network(shape_for(training_set, dropout=dropout_for(count), **SIZES[tier]))
    if tier == "quick":
        # On top of the encoder they would do harm: it was trained on the same skills, so they
        # learned to trust what it knows by heart (docs/experiments.md).
        start_from(network, load_layers(embeddings), training_set.vocabulary, embeddings)
    schedule = schedule or schedule_for(count, tier)
    weights = fit(network, training_set, schedule, seed, on_progress)
    return weights | pack(_fit_pooled(training_set, count))


def without_context(training_set: TrainingSet) -> TrainingSet:
    """Return the set as the quick tier has it: without what the encoder made of the utterances."""
    examples = [
        replace(one, context=one.context[:, :0], sentence=one.sentence[:0])
        for one in training_set.examples
    ]
    extract = training_set.extract.without_context()
    return replace(training_set, examples=examples, extract=extract)


def _allowed(data: TrainingData, vocabulary: Vocabulary) -> Allowed:
    return np.array(
        [
            [tag == "O" or tag[2:] in data.intent_slots[intent] for tag in vocabulary.tags]
            for intent in vocabulary.intents
        ]
    )


def _fit_pooled(training_set: TrainingSet, written: int) -> Mapping[str, Vectors]:
    """Fit the second classifier of intents to the first ``written`` examples."""
    table, examples = training_set.table, training_set.examples[:written]
    return fit_pooled(
        [table.local[one.rows].numpy() for one in examples],
        [table.shared[one.rows].numpy() for one in examples],
        np.stack([one.sentence.float().numpy() for one in examples]),
        [one.intent for one in examples],
        len(training_set.vocabulary.words) + 2,
    )


def _likeness(examples: Sequence[Example]) -> dict[str, npt.NDArray[Any]]:
    sentences = np.stack([one.sentence.float().numpy() for one in examples])
    return fit_likeness(sentences, [one.intent for one in examples])


def fit(
    network: Network,
    training_set: TrainingSet,
    schedule: Schedule,
    seed: int,
    on_progress: Progress,
) -> dict[str, npt.NDArray[Any]]:
    """Run the schedule and return the averaged weights, packed."""
    optimizer = torch.optim.AdamW(
        network.parameters(),
        lr=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        fused=True,
    )
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, schedule.learning_rate, total_steps=schedule.steps, pct_start=0.1
    )
    averaged = torch.optim.swa_utils.AveragedModel(network)
    network.train()
    lengths = [len(example.tags) for example in training_set.examples]
    chosen = draw(lengths, training_set.negatives, schedule, seed)
    for step, batch in enumerate(map(training_set.batch, chosen)):
        loss = loss_of(network, batch, schedule.label_smoothing)
        if not math.isfinite(loss.item()):
            raise TrainingDiverged(f"The loss became {loss.item()} at step {step}.")
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        cycle.step()
        if step >= schedule.average_from * schedule.steps:
            averaged.update_parameters(network)
        on_progress((step + 1) / schedule.steps)
    state = averaged.module.state_dict()
    return pack({name: value.detach().numpy() for name, value in state.items()})


def loss_of(network: Network, batch: Batch, smoothing: float) -> Tensor:
    """Return the joint loss: cross-entropy of intents plus the CRF's of tag sequences."""
    intents, tags = network(batch)
    intent_loss = nn.functional.cross_entropy(intents, batch.intents, label_smoothing=smoothing)
    likelihood = network.crf.log_likelihood(tags, batch.tags, batch.mask)
    total: Tensor = intent_loss - (likelihood * batch.in_scope).sum() / batch.in_scope.sum()
    return total


def draw(
    lengths: Sequence[int], negatives: int, schedule: Schedule, seed: int
) -> Iterator[list[int]]:
    """Yield the examples of each step, every one in scope once a pass, in random order.

    ``lengths``: the tokens of each example. Those of a step are of like length, since a step takes
    as long as its longest utterance. To each come some of the ``negatives``, the last ones, too.
    """
    generator = np.random.default_rng(seed)
    count = len(lengths)
    inside = count - negatives
    size = min(schedule.batch_size, inside)
    order: list[int] = []
    batches: list[list[int]] = []
    for _ in range(schedule.steps):
        if not batches:
            if len(order) < size:
                order += generator.permutation(inside).tolist()
            drawn = size * min(POOL, len(order) // size)
            pool, order = order[:drawn], order[drawn:]
            pool.sort(key=lengths.__getitem__)
            batches = [pool[first : first + size] for first in range(0, len(pool), size)]
            generator.shuffle(batches)
        outside = generator.integers(inside, count, size=schedule.negatives if negatives else 0)
        yield batches.pop() + outside.tolist()
