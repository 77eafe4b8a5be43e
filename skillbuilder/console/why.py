"""Why a parser answered as it did, ready to be shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from nlu_engine.explanation import Contribution, Explanation, Masked, TokenTags
from skillbuilder.authoring.highlight import SlotColors

MOST_FEATURES = 7
MOST_AGAINST = 3
MOST_REASONS = 2
LIKELY = 0.02
"""Another slot is shown from this probability."""
_HEATS = (0.02, 0.1, 0.25, 0.5)


@dataclass(frozen=True)
class Word:
    """A word of the utterance with the answer without it; ``heat`` is 0 (none) to 4."""

    text: str
    masked: Masked | None
    heat: int


@dataclass(frozen=True)
class TagRow:
    """A word and its tag; ``reasons`` are the features that decided, in words."""

    text: str
    slot: str
    color: int
    inside: bool
    probability: float
    others: list[tuple[str, float]]
    reasons: list[str]


@dataclass(frozen=True)
class Why:
    """One parser's explanation; ``widest`` is the greatest of all bars of features."""

    explanation: Explanation
    words: list[Word]
    tags: list[TagRow]
    speaks_for: list[Contribution]
    speaks_against: list[Contribution]
    widest: float


def why(explanation: Explanation, colors: SlotColors) -> Why:
    """Return ``explanation`` as the page shows it."""
    scores = explanation.intent_scores
    features = scores.contributions if scores else ()
    speaks_for = [one for one in features if one.difference > 0][:MOST_FEATURES]
    against = [one for one in features[::-1] if one.difference < 0][:MOST_AGAINST]
    return Why(
        explanation,
        words_of(explanation) if explanation.masked else [],
        [tag_row(token, colors) for token in explanation.tokens],
        speaks_for,
        against,
        max((abs(one.difference) for one in (*speaks_for, *against)), default=1.0),
    )


def words_of(explanation: Explanation) -> list[Word]:
    """Return all words, each with what leaving it out changes."""
    intent = explanation.parse.frame.intent
    masked = {one.token.start: one for one in explanation.masked or ()}
    return [
        Word(token.token.text, found, heat(found, intent) if found else 0)
        for token in explanation.tokens
        for found in [masked.get(token.token.start)]
    ]


def heat(masked: Masked, intent: str) -> int:
    """Return how much an answer needs the word: 4 where there is another one without it."""
    if masked.intent != intent:
        return len(_HEATS)
    return sum(-masked.change >= least for least in _HEATS)


def tag_row(token: TokenTags, colors: SlotColors) -> TagRow:
    """Return the line of a word."""
    # Whether a slot begins or goes on is nobody's question here.
    shares: defaultdict[str, float] = defaultdict(float)
    for tag, share in token.shares:
        shares[tag[2:]] += share
    ranked = sorted(shares.items(), key=lambda pair: -pair[1])
    others = [(slot, share) for slot, share in ranked if slot != token.slot]
    return TagRow(
        token.token.text,
        token.slot,
        colors[token.slot],
        token.tag.startswith("I-"),
        token.probability,
        [(slot or "no slot", share) for slot, share in others[:2] if share >= LIKELY],
        reasons(token.contributions) if token.slot else [],
    )


def reasons(contributions: Iterable[Contribution]) -> list[str]:
    """Return the labels of what spoke most for a tag."""
    strong = [one for one in contributions if one.difference > 0.1 and one.feature != "bias"]
    return [one.label for one in strong[:MOST_REASONS]]
