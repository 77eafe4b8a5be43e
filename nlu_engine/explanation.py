"""Why a parser answered as it did: near samples, probabilities, and what they came from.

Nothing here changes a parse. Of both parsers: look-ups, near samples, values in the words, the
probability of each tag. Of the DNN the words that change its answer when they are left out (Li
et al. 2016, "Understanding Neural Networks through Representation Erasure"); of MaxEnt-CRF,
whose scores are sums, the terms themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pycrfsuite

from nlu_engine.baseline import MaxEntCrfRecognizer, MaxEntIntents, token_features
from nlu_engine.embeddings import Vectors
from nlu_engine.frames import Parse
from nlu_engine.interaction_model import InteractionModel
from nlu_engine.listed import ListedValues
from nlu_engine.nearest import NearestSamples, NearSample
from nlu_engine.neural import NeuralRecognizer, tag_shares
from nlu_engine.parsers import ParserPair, Recognition, SkillParser
from nlu_engine.resolution import Resolver
from nlu_engine.templates import TemplateError, parse_template
from nlu_engine.utterances import Token, check_utterance, normalize, runs_of, tokenize

NEAR_SAMPLES = 4
MOST_WORDS = 60
"""Words of an utterance, from its beginning, whose tags are told."""
MOST_MASKED = 12
"""Words of an utterance, from its beginning, that are left out in turn: each is a parse."""
LEAST_CHANGE = 0.01
"""A change of the confidence by less than this is none."""
_LEAST_SHARE = 0.005
_BEGIN, _END = "<", ">"


@dataclass(frozen=True)
class Contribution:
    """What a feature adds to the score of the answer and to that of the next likeliest one."""

    feature: str
    label: str  # the feature in words
    weight: float
    rival: float = 0.0

    @property
    def difference(self) -> float:
        """How much it speaks for the answer rather than for the next one."""
        return self.weight - self.rival

    def to_dict(self) -> dict[str, Any]:
        """Return ``{feature, label, weight, rival}``."""
        numbers = {"weight": round(self.weight, 4), "rival": round(self.rival, 4)}
        return {"feature": self.feature, "label": self.label, **numbers}


@dataclass(frozen=True)
class IntentScores:
    """How MaxEnt came to its intent: each score is the intercept and all contributions added up.

    The difference of two scores is the logarithm of how many times likelier one intent is.
    """

    intent: str
    rival: str  # the next likeliest; "" if there is no other
    intercepts: tuple[float, float]
    contributions: tuple[Contribution, ...]  # what speaks most for the intent first

    @property
    def scores(self) -> tuple[float, float]:
        """The scores of the intent and of its rival."""
        own, other = self.intercepts
        return (
            own + sum(one.weight for one in self.contributions),
            other + sum(one.rival for one in self.contributions),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return ``{intent, rival, score, rival_score, intercept, rival_intercept, features}``."""
        score, rival_score = self.scores
        return {
            "intent": self.intent,
            "rival": self.rival,
            "score": round(score, 4),
            "rival_score": round(rival_score, 4),
            "intercept": round(self.intercepts[0], 4),
            "rival_intercept": round(self.intercepts[1], 4),
            "features": [one.to_dict() for one in self.contributions],
        }


@dataclass(frozen=True)
class TokenTags:
    """A word, its tag, and how probable each tag is there, the likeliest first."""

    token: Token
    tag: str
    shares: tuple[tuple[str, float], ...]
    contributions: tuple[Contribution, ...] = ()  # of MaxEnt-CRF: to the tag and the next one

    @property
    def slot(self) -> str:
        """The slot that the word is in, "" if in none."""
        return self.tag[2:]

    @property
    def probability(self) -> float:
        """How probable its tag is."""
        return dict(self.shares)[self.tag]

    def to_dict(self) -> dict[str, Any]:
        """Return ``{text, start, end, tag, probability, tags, features}``."""
        return _placed(self.token) | {
            "tag": self.tag,
            "probability": round(self.probability, 4),
            "tags": [
                {"tag": tag, "probability": round(share, 4)}
                for tag, share in self.shares
                if share >= _LEAST_SHARE
            ],
            "features": [one.to_dict() for one in self.contributions],
        }


@dataclass(frozen=True)
class Masked:
    """A word, and the answer without it.

    ``confidence`` is that in the intent which is answered with the word, ``change`` what it
    loses (below 0) or gains; ``slots`` are those of other words that are found otherwise.
    """

    token: Token
    intent: str
    confidence: float
    change: float
    slots: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return ``{text, start, end, intent, confidence, change, slots}``."""
        return _placed(self.token) | {
            "intent": self.intent,
            "confidence": round(self.confidence, 4),
            "change": round(self.change, 4),
            "slots": list(self.slots),
        }


@dataclass(frozen=True)
class ValueHit:
    """Words that are a value or synonym of a slot type, ``taken`` where the parser found a slot."""

    text: str
    start: int
    end: int
    slot_type: str
    value: str
    slots: tuple[str, ...]
    taken: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return ``{text, start, end, slot_type, value, slots, taken}``."""
        return {
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "slot_type": self.slot_type,
            "value": self.value,
            "slots": list(self.slots),
            "taken": self.taken,
        }


@dataclass(frozen=True)
class Explanation:
    """Why one parser answered ``parse``.

    ``looked_up``: a built-in intent says exactly this, so nothing else was asked. ``sample``:
    the sample that the utterance is, slots filled in. ``threshold``: above which probability of
    being out of scope the fallback answers. ``is_cut``: it was too long to tell all.
    """

    parse: Parse
    near: tuple[NearSample, ...]
    hits: tuple[ValueHit, ...]
    looked_up: bool = False
    sample: str = ""
    threshold: float | None = None
    tokens: tuple[TokenTags, ...] = ()
    masked: tuple[Masked, ...] | None = None
    intent_scores: IntentScores | None = None
    is_cut: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return all of it but the parse's slots and alternatives, as JSON has it."""
        outside = self.parse.out_of_scope
        return {
            "intent": self.parse.frame.intent,
            "confidence": round(self.parse.confidence, 6),
            "looked_up": self.looked_up,
            "sample": self.sample or None,
            "out_of_scope": None if outside is None else round(outside, 6),
            "out_of_scope_threshold": self.threshold,
            "near_samples": [
                {
                    "intent": one.intent,
                    "sample": one.sample,
                    "similarity": round(one.similarity, 4),
                }
                for one in self.near
            ],
            "value_hits": [hit.to_dict() for hit in self.hits],
            "tokens": [token.to_dict() for token in self.tokens],
            "masked_words": [word.to_dict() for word in self.masked or ()],
            "intent_scores": self.intent_scores and self.intent_scores.to_dict(),
        }


def _placed(token: Token) -> dict[str, Any]:
    return {"text": token.text, "start": token.start, "end": token.end}


@dataclass
class Explainer:
    """Explains the parses of one pair of parsers, which ``model`` was trained to.

    Made once for a pair: it keeps the samples' vectors and MaxEnt-CRF's weights by name.
    """

    pair: ParserPair
    model: InteractionModel
    locale: str
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.nearest = NearestSamples(self.model, self.locale)
        resolver = self.pair.neural.resolver
        self._listed = ListedValues(resolver.slot_values, resolver.patterns)
        self._samples = dict(_bare_samples(self.model))
        recognizer = self.pair.maxent_crf.recognizer
        self._crf = _CrfTerms(recognizer) if isinstance(recognizer, MaxEntCrfRecognizer) else None

    def neural(self, utterance: str) -> Explanation:
        """Explain the DNN's answer; raises InvalidUtterance."""
        parser = self.pair.neural
        found, tokens = self._common(parser, utterance)
        recognizer = parser.recognizer
        if found.looked_up or not isinstance(recognizer, NeuralRecognizer):
            return found
        tags = recognizer.recognize([tokens])[0].tags
        names, shares = tag_shares(recognizer, tokens)
        return replace(
            found,
            tokens=tuple(_token_tags(tokens[:MOST_WORDS], tags, names, shares)),
            masked=tuple(masked_words(parser, tokens)),
            is_cut=len(tokens) > MOST_MASKED,
        )

    def maxent_crf(self, utterance: str) -> Explanation:
        """Explain MaxEnt-CRF's answer; raises InvalidUtterance."""
        parser = self.pair.maxent_crf
        found, tokens = self._common(parser, utterance)
        recognizer = parser.recognizer
        if found.looked_up or not isinstance(recognizer, MaxEntCrfRecognizer) or not self._crf:
            return found
        intent = recognizer.recognize([tokens])[0].intents[0].intent
        with self._lock:
            tags, shares = self._crf.shares(tokens, intent)
        told = list(_token_tags(tokens[:MOST_WORDS], tags, self._crf.labels, shares))
        return replace(
            found,
            tokens=tuple(self._crf.with_terms(told, token_features(tokens, intent))),
            intent_scores=intent_scores(recognizer.intents, tokens, found.parse.frame.intent),
            is_cut=len(tokens) > MOST_WORDS,
        )

    def to_dict(self, utterance: str) -> dict[str, Any]:
        """Return ``{utterance, neural, maxent_crf}`` as the API answers it."""
        return {
            "utterance": utterance,
            "neural": self.neural(utterance).to_dict(),
            "maxent_crf": self.maxent_crf(utterance).to_dict(),
        }

    def _common(self, parser: SkillParser, utterance: str) -> tuple[Explanation, list[Token]]:
        """Return what does not depend on the kind of parser, and the tokens."""
        text = check_utterance(utterance)
        parse, tokens = parser.parse(text), tokenize(text)
        spans = {(slot.start, slot.end) for slot in parse.frame.slots}
        hits = (
            replace(hit, taken=(hit.start, hit.end) in spans)
            for hit in value_hits(parser.resolver, self._listed, text, tokens[:MOST_WORDS])
        )
        # What a look-up answers has no intents to choose from.
        looked_up = not parse.alternatives and parse.frame.intent in parser.exact.values()
        explanation = Explanation(
            parse,
            tuple(self._near(text, parse.frame.intent)),
            tuple(hits),
            looked_up=looked_up,
            sample=self._samples.get((parse.frame.intent, bare_sample(as_sample(parse))), ""),
            threshold=parser.fallback.threshold if parser.fallback else None,
        )
        return explanation, tokens

    def _near(self, text: str, intent: str) -> list[NearSample]:
        """Return the nearest samples; the last gives way if none is of the answered ``intent``."""
        near = self.nearest.nearest(text, NEAR_SAMPLES)
        own = self.nearest.nearest_of(text, intent)
        if own and own not in near:
            near[-1] = own
        return near


def as_sample(parse: Parse) -> str:
    """Return the utterance with its slots in braces: what one would write as a sample."""
    text, end = "", 0
    for slot in sorted(parse.frame.slots, key=lambda slot: slot.start):
        text += parse.utterance[end : slot.start] + "{" + slot.name + "}"
        end = slot.end
    return text + parse.utterance[end:]


def _bare_samples(model: InteractionModel) -> Iterator[tuple[tuple[str, str], str]]:
    for intent in model.custom_intents():
        for sample in reversed(intent.samples):
            yield (intent.name, bare_sample(sample)), sample


def bare_sample(sample: str) -> str:
    """Return ``sample`` without what makes no other sample of it: case, the words in a slot."""
    try:
        chunks = parse_template(sample)
    except TemplateError:
        return normalize(sample)
    text = "".join(f"{{{chunk.slot}}}" if chunk.slot else chunk.text for chunk in chunks)
    return normalize(text).strip(" .!?")


# --- Tags ---------------------------------------------------------------------------------


def _token_tags(
    tokens: Sequence[Token], tags: Sequence[str], names: Sequence[str], shares: npt.NDArray[Any]
) -> Iterator[TokenTags]:
    for token, tag, row in zip(tokens, tags, shares, strict=False):
        order = np.argsort(-row, kind="stable")
        yield TokenTags(token, tag, tuple((names[at], float(row[at])) for at in order))


class _CrfTerms:
    """The baseline's CRF with its weights by name; a tagger of its own, used under a lock."""

    def __init__(self, recognizer: MaxEntCrfRecognizer) -> None:
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(recognizer.slots)
        self.labels: list[str] = self._tagger.labels()
        info = self._tagger.info()
        self._states: dict[tuple[str, str], float] = info.state_features
        self._moves: dict[tuple[str, str], float] = info.transitions

    def shares(self, tokens: Sequence[Token], intent: str) -> tuple[list[str], Vectors]:
        """Return the tags and the probability of each label at each told token, (n, labels)."""
        tags: list[str] = self._tagger.tag(token_features(tokens, intent))
        told = range(min(len(tokens), MOST_WORDS))
        shares = [[self._tagger.marginal(label, at) for label in self.labels] for at in told]
        return tags, np.array(shares, np.float32)

    def with_terms(
        self, told: Sequence[TokenTags], features: Sequence[Sequence[str]]
    ) -> Iterator[TokenTags]:
        """Yield each token with what its features add to its tag and to the next likeliest."""
        before = ""
        for one, names in zip(told, features, strict=False):
            rival = next((tag for tag, _ in one.shares if tag != one.tag), one.tag)
            terms = self._terms(names, before, one.tag, rival)
            yield replace(one, contributions=tuple(sorted(terms, key=lambda x: -x.difference)))
            before = one.tag

    def _terms(
        self, names: Iterable[str], before: str, tag: str, rival: str
    ) -> Iterator[Contribution]:
        for name in names:
            weights = self._states.get((name, tag), 0.0), self._states.get((name, rival), 0.0)
            if any(weights):
                yield Contribution(name, token_label(name), *weights)
        moves = self._moves.get((before, tag), 0.0), self._moves.get((before, rival), 0.0)
        if any(moves):
            name = f"tag-1={before}"
            yield Contribution(name, token_label(name), *moves)


_NEAR_LABELS = {
    "w-2": "two words after “{}”",
    "w-1": "after “{}”",
    "w1": "before “{}”",
    "w2": "two words before “{}”",
    "w": "the word “{}”",
    "shape": "written like “{}”",
    "shape-1": "after one written like “{}”",
    "shape1": "before one written like “{}”",
    "intent": "in {}",
    "tag-1": "after the tag {}",
}
_EDGES = {
    "w-1": "no word before",
    "w1": "no word after",
    "w-2": "not two words before",
    "w2": "not two words after",
}
_FIFTHS = ("beginning", "second fifth", "middle", "fourth fifth", "end")


def token_label(feature: str) -> str:
    """Return a feature of ``baseline.token_features`` in words."""
    name, _, value = feature.partition("=")
    if value == "<>" and name in _EDGES:
        return _EDGES[name]
    if name in _NEAR_LABELS:
        return _NEAR_LABELS[name].format(value)
    if name[:3] in ("pre", "suf") and value:
        return f"{'begins with' if name[:3] == 'pre' else 'ends in'} “{value}”"
    if name in ("w-1|w", "w|w+1"):
        return f"the words “{value.replace('|', ' ', 1)}”"
    if name == "w-1|w+1":
        return "between “{}” and “{}”".format(*f"{value}|".split("|")[:2])
    if name == "position":
        return f"at the {_FIFTHS[int(value)]} of the utterance"
    return {"bias": "any word", "first": "the first word", "last": "the last word"}.get(name, name)


# --- Intents ------------------------------------------------------------------------------


def intent_scores(intents: MaxEntIntents, tokens: Sequence[Token], answer: str) -> IntentScores:
    """Return how MaxEnt scored the intent ``answer``; one it does not know is out of scope."""
    names, terms = intents.terms(tokens)
    totals = intents.intercepts + terms.sum(axis=0)
    own = intents.intents.index(answer) if answer in intents.intents else len(totals) - 1
    others = [row for row in np.argsort(-totals, kind="stable") if row != own]
    rival = int(others[0]) if others else own
    contributions = [
        Contribution(name, ngram_label(name), float(row[own]), float(row[rival]) if others else 0.0)
        for name, row in zip(names, terms, strict=True)
    ]
    labels = (*intents.intents, "out of scope")
    return IntentScores(
        answer,
        labels[rival] if others else "",
        (float(intents.intercepts[own]), float(intents.intercepts[rival]) if others else 0.0),
        tuple(sorted(contributions, key=lambda one: -one.difference)),
    )


def ngram_label(feature: str) -> str:
    """Return a feature of ``baseline.utterance_features`` in words."""
    if feature.startswith("length="):
        length = feature.removeprefix("length=")
        return f"{length} word{'s'[: length != '1']}"
    words = feature.split(" ")
    text = " ".join(word for word in words if word not in (_BEGIN, _END)) or feature
    place = " at the start" if words[0] == _BEGIN else ""
    return f"“{text}”{place}" + (" at the end" if words[-1] == _END else "")


# --- Words left out -----------------------------------------------------------------------


def masked_words(parser: SkillParser, tokens: Sequence[Token]) -> list[Masked]:
    """Return the words without which ``parser`` answers otherwise, what changes most first."""
    if len(tokens) < 2:
        return []
    told = range(min(len(tokens), MOST_MASKED))
    rests = [[*tokens[:at], *tokens[at + 1 :]] for at in told]
    whole, *others = parser.recognizer.recognize([tokens, *rests])
    found = [_masked(parser, tokens, at, whole, others[at]) for at in told]
    intent = _answer(parser, whole)
    changed = [
        one for one in found if one.intent != intent or one.slots or abs(one.change) >= LEAST_CHANGE
    ]
    return sorted(changed, key=lambda one: (one.intent == intent, one.change))


def _masked(
    parser: SkillParser, tokens: Sequence[Token], at: int, whole: Recognition, without: Recognition
) -> Masked:
    intent = _answer(parser, whole)
    confidence = _confidence(parser, without, intent)
    expected = set(runs_of([*whole.tags[:at], *whole.tags[at + 1 :]]))
    differing = sorted({slot for slot, *_ in expected ^ set(runs_of(without.tags))})
    return Masked(
        tokens[at],
        _answer(parser, without),
        confidence,
        confidence - _confidence(parser, whole, intent),
        tuple(differing),
    )


def _answer(parser: SkillParser, recognition: Recognition) -> str:
    (outside, ranked), fallback = parser.judged(recognition, 1), parser.fallback
    if fallback and outside is not None and outside > fallback.threshold:
        return fallback.intent
    return ranked[0].intent


def _confidence(parser: SkillParser, recognition: Recognition, intent: str) -> float:
    outside, ranked = parser.judged(recognition)
    if parser.fallback and intent == parser.fallback.intent:
        return outside or 0.0
    return next((one.confidence for one in ranked if one.intent == intent), 0.0)


# --- Values -------------------------------------------------------------------------------


def value_hits(
    resolver: Resolver, listed: ListedValues, text: str, tokens: Sequence[Token]
) -> list[ValueHit]:
    """Return the listed values in ``text``: what the DNN is told of them, with their values."""
    slots: dict[tuple[int, int, str, str], list[str]] = {}
    for first, end, slot, surface in listed.matches(tokens):
        value = resolver.resolve(slot, surface).value
        place = tokens[first].start, tokens[end - 1].end
        slots.setdefault((*place, resolver.slot_types.get(slot, ""), value), []).append(slot)
    return [
        ValueHit(text[start:end], start, end, slot_type, value, tuple(names))
        for (start, end, slot_type, value), names in slots.items()
    ]
