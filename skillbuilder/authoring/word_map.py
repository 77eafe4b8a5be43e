"""The words of a skill and where they lie in the shared embeddings, ready to be drawn."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from nlu_engine.templates import TemplateError, parse_template
from nlu_engine.utterances import normalize, tokenize
from nlu_engine.word_map import Neighbour, WordSpace, plane_of
from skillbuilder.authoring.highlight import COLORS
from skillbuilder.authoring.models import SampleUtterance, Skill, SlotValue

MOST_VALUES = 110
MOST_SAMPLE_WORDS = 40
VALUES_OF_A_TYPE = 60
SAMPLES_READ = 5_000
LONGEST_VALUE = 40
SHORTEST_WORD = 3
NEIGHBOURS = 12
NEIGHBOURS_IN_TABLE = 3

# The picture, in units of its own.
WIDTH, HEIGHT = 960.0, 600.0
_MARGIN_X, _MARGIN_Y = 70.0, 26.0
_LETTER, _LINE, _GAP = 6.9, 14.0, 8.0


# --- Which words --------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """What words belong to: a slot type in its colour, or the samples themselves."""

    name: str
    color: int | None = None
    mark: str = ""

    @property
    def css_class(self) -> str:
        """The class that gives the colour."""
        return self.mark or ("map-plain" if self.color is None else f"slot-{self.color}")


SAMPLE_WORDS = Kind("Sample utterances")
ASKED = Kind("Your word", mark="map-asked")
NEAR_IT = Kind("Near your word", mark="map-near")


def words_of(skill: Skill) -> dict[str, Kind]:
    """Return the most telling words of ``skill``: its slot values, and words of its samples."""
    values = slot_values(skill)
    # In turns, so that a long list does not crowd out the short ones.
    in_turns = chain.from_iterable(
        zip_longest(*([(text, kind) for text in texts] for kind, texts in values.items()))
    )
    found: dict[str, Kind] = {}
    for text, kind in islice((pair for pair in in_turns if pair), MOST_VALUES):
        found.setdefault(text, kind)
    telling = (word for word in sample_words(skill) if word not in found)
    return found | dict.fromkeys(islice(telling, MOST_SAMPLE_WORDS), SAMPLE_WORDS)


def slot_values(skill: Skill) -> dict[Kind, list[str]]:
    """Return the first values of each slot type, each before its synonyms, each text once."""
    names = skill.slot_types.order_by("position", "pk").values_list("pk", "name")
    kinds = {pk: Kind(name, number % COLORS) for number, (pk, name) in enumerate(names)}
    number = Window(RowNumber(), partition_by=F("slot_type"), order_by=["position", "pk"])
    rows = SlotValue.objects.filter(slot_type__skill=skill).annotate(number=number)
    first = rows.filter(number__lte=VALUES_OF_A_TYPE).order_by("slot_type", "position", "pk")
    found: dict[Kind, dict[str, None]] = {kind: {} for kind in kinds.values()}
    for value in first:
        for text in (value.value, *value.synonyms):
            text = normalize(str(text))
            if 0 < len(text) <= LONGEST_VALUE:
                found[kinds[value.slot_type_id]].setdefault(text)
    return {kind: list(texts) for kind, texts in found.items() if texts}


def sample_words(skill: Skill) -> list[str]:
    """Return the words of the samples outside slots, the most telling first.

    A word tells the more, the more often it is said and the fewer intents say it.
    """
    samples = SampleUtterance.objects.filter(intent__skill=skill).order_by("intent", "position")
    counts: Counter[str] = Counter()
    intents: dict[str, set[int]] = defaultdict(set)
    for intent, text in samples.values_list("intent", "text")[:SAMPLES_READ]:
        for word in literal_words(text):
            counts[word] += 1
            intents[word].add(intent)
    total = len(set().union(*intents.values())) if intents else 0
    weights = {
        word: count * math.log((1 + total) / len(intents[word])) ** 2
        for word, count in counts.items()
    }
    return sorted(weights, key=lambda word: (-weights[word], word))


def literal_words(sample: str) -> Iterator[str]:
    """Yield the words of a sample utterance that are in no slot."""
    try:
        chunks = parse_template(sample)
    except TemplateError:
        return
    for chunk in chunks:
        if not chunk.slot:
            words = (normalize(token.text) for token in tokenize(chunk.text))
            yield from (word for word in words if len(word) >= SHORTEST_WORD and word[0].isalpha())


# --- Where they lie -----------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """A word in the picture; ``label`` is where its text goes, None if only on demand."""

    word: str
    kind: Kind
    x: float
    y: float
    label: Label | None
    mark: str = ""

    @property
    def shown(self) -> Label:
        """Where the text goes when it is shown."""
        return self.label or label_places(self.word, self.x, self.y)[0]


@dataclass(frozen=True)
class Label:
    """Where a text begins, is centred or ends (``anchor``), and the box that it fills."""

    x: float
    y: float
    anchor: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Row:
    """A line of the table behind the picture."""

    word: str
    kind: Kind
    known: bool
    near: list[Neighbour]


@dataclass(frozen=True)
class Answer:
    """What lies near a word that somebody asked for."""

    word: str
    known: bool
    near: list[tuple[Neighbour, Kind | None]]
    in_skill: list[tuple[Neighbour, Kind]]


@dataclass(frozen=True)
class WordMap:
    """Picture, legend, table, and the answer if a word was asked for."""

    points: list[Point]
    kinds: list[Kind]
    rows: list[Row]
    share: float
    covered: bool
    answer: Answer | None


def word_map(skill: Skill, asked: str = "") -> WordMap:
    """Return the map of ``skill``, with the word ``asked`` in it unless that is "".

    Raises EmbeddingsError.
    """
    space, words = WordSpace(skill.locale), words_of(skill)
    asked = normalize(asked)
    answer = answer_for(space, words, asked) if asked else None
    shown = dict(words)
    if answer:
        near = [one.word for one, kind in answer.near if kind is None]
        shown = (
            dict.fromkeys(near[: NEIGHBOURS // 2], NEAR_IT)
            | shown
            | {asked: words.get(asked, ASKED)}
        )
    points, share = drawn(space, words, shown, asked)
    # Those of the skill first.
    kinds = sorted(dict.fromkeys(shown.values()), key=lambda kind: kind in (ASKED, NEAR_IT))
    return WordMap(points, kinds, table_of(space, words), share, space.covered, answer)


def answer_for(space: WordSpace, words: dict[str, Kind], asked: str) -> Answer:
    """Return what lies near ``asked``, in the store and among ``words``."""
    [near] = space.nearest((asked,), NEIGHBOURS)
    others = [word for word in words if word != asked]
    in_skill: list[tuple[Neighbour, Kind]] = []
    if others:
        similar = space.directions(others) @ space.direction(asked)
        best = sorted(zip(others, similar, strict=True), key=lambda pair: -pair[1])
        in_skill = [(Neighbour(word, float(s)), words[word]) for word, s in best[: NEIGHBOURS // 2]]
    return Answer(asked, space.knows(asked), [(one, words.get(one.word)) for one in near], in_skill)


def table_of(space: WordSpace, words: dict[str, Kind]) -> list[Row]:
    """Return a row a word, by kind; with words of the store that the skill does not have."""
    # More than are shown, since some are the skill's own.
    nearest = space.nearest(tuple(words), 3 * NEIGHBOURS_IN_TABLE)
    rows = [
        Row(
            word,
            kind,
            space.knows(word),
            [one for one in near if one.word not in words][:NEIGHBOURS_IN_TABLE],
        )
        for (word, kind), near in zip(words.items(), nearest, strict=True)
    ]
    order = {kind: number for number, kind in enumerate(dict.fromkeys(words.values()))}
    return sorted(rows, key=lambda row: order[row.kind])


def drawn(
    space: WordSpace, words: dict[str, Kind], shown: dict[str, Kind], asked: str
) -> tuple[list[Point], float]:
    """Return the points of ``shown`` in the plane of ``words``, and how much that shows."""
    if not shown:
        return [], 1.0
    plane = plane_of(space.directions(list(words or shown)))
    places = scaled(plane.project(space.directions(list(shown))).tolist())
    # Whoever comes first gets room for a label: the asked word, then what is near it.
    marks = {word: "near" if kind == NEAR_IT else "" for word, kind in shown.items()}
    marks |= {asked: "asked"} if asked else {}
    order = sorted(
        zip(shown.items(), places, strict=True),
        key=lambda pair: ("asked", "near", "").index(marks[pair[0][0]]),
    )
    labels = placed_labels([(word, x, y) for (word, _), (x, y) in order])
    points = [
        Point(word, kind, x, y, label, marks[word])
        for ((word, kind), (x, y)), label in zip(order, labels, strict=True)
    ]
    # In the order of drawing and of the tab key: by kind, what was asked for last, on top.
    kinds = list(dict.fromkeys(shown.values()))
    points.sort(key=lambda point: (bool(point.mark), kinds.index(point.kind)))
    return points, plane.share


def scaled(places: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Return ``places`` stretched over the picture."""
    columns = []
    for values, size, margin in zip(
        zip(*places, strict=True), (WIDTH, HEIGHT), (_MARGIN_X, _MARGIN_Y), strict=True
    ):
        low, span = min(values), (max(values) - min(values)) or 1.0
        columns.append([margin + (v - low) / span * (size - 2 * margin) for v in values])
    return [(round(x, 1), round(y, 1)) for x, y in zip(*columns, strict=True)]


def placed_labels(words: Iterable[tuple[str, float, float]]) -> list[Label | None]:
    """Return a place for the label of each word, in turn, that covers no other label or dot."""
    words = list(words)
    taken = [(x - 4, y - 4, x + 4, y + 4) for _, x, y in words]
    found: list[Label | None] = []
    for number, (word, x, y) in enumerate(words):
        others = taken[:number] + taken[number + 1 :]
        free = (one for one in label_places(word, x, y) if is_free(one.box, others))
        label = next(free, None)
        if label:
            taken.append(label.box)
        found.append(label)
    return found


def label_places(word: str, x: float, y: float) -> list[Label]:
    """Return where the label of a dot may go: right, left, above, below it."""
    width = _LETTER * len(word)
    places = [
        Label(x + _GAP, y + 4, "start", (x + _GAP, y - 8, x + _GAP + width, y + 6)),
        Label(x - _GAP, y + 4, "end", (x - _GAP - width, y - 8, x - _GAP, y + 6)),
        Label(x, y - 8, "middle", (x - width / 2, y - 8 - _LINE + 3, x + width / 2, y - 6)),
        Label(x, y + 17, "middle", (x - width / 2, y + 6, x + width / 2, y + 6 + _LINE)),
    ]
    # A label that is shown on demand must be in the picture too.
    return sorted(places, key=lambda place: not is_inside(place.box))


def is_inside(box: tuple[float, float, float, float]) -> bool:
    """Return whether ``box`` is in the picture as a whole."""
    left, top, right, bottom = box
    return left >= 0 and top >= 0 and right <= WIDTH and bottom <= HEIGHT


def is_free(
    box: tuple[float, float, float, float], taken: Iterable[tuple[float, float, float, float]]
) -> bool:
    """Return whether ``box`` is in the picture and covers none of ``taken``."""
    left, top, right, bottom = box
    return is_inside(box) and all(
        right <= other[0] or left >= other[2] or bottom <= other[1] or top >= other[3]
        for other in taken
    )
