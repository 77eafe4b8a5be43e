"""What becomes of lines that people write, paste or upload as sample utterances.

Nothing is stored here: the pages show this before anything is, and the edit does the same.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from nlu_engine.documents import text_problems
from nlu_engine.groups import GroupError, expand, has_groups
from nlu_engine.marking import snapped
from nlu_engine.resolution import joint_of
from nlu_engine.rules import with_allowed_characters, with_spoken_ampersands
from nlu_engine.spreadsheets import text_of
from nlu_engine.templates import TemplateError, parse_template
from nlu_engine.utterances import is_blank, normalize

MAX_SAMPLE_INPUT = 1_000
MAX_LINES = 5_000
MAX_SAMPLES = 5_000

# Punctuation that people write out of habit and that no sample may have.
_PUNCTUATION = re.compile(r"[?!,;:\"“”„«»…¿¡。、？！，。؟،]")
_SAMPLE_COLUMNS = ("sample", "utterance")
_COLUMNS = {*_SAMPLE_COLUMNS, "intent"}


class Refused(ValueError):
    """A line cannot become a sample; the message says why, with its text and the fix."""


# --- One line -----------------------------------------------------------------------------


def without_forbidden(text: str, locale: str) -> str:
    """Return ``text`` without the characters that no sample may have, and needless spaces.

    Raises TemplateError for wrong braces.
    """
    spoken = with_spoken_ampersands(text, locale)
    bare = " ".join(_PUNCTUATION.sub(" ", spoken).split())
    parse_template(bare)
    return with_allowed_characters(bare, locale)


def clean_sample(text: str, locale: str) -> str:
    """Return a sample utterance without forbidden characters, its spans whole words.

    Raises TemplateError for wrong braces.
    """
    return snapped(without_forbidden(text, locale))


def mended(text: str, locale: str) -> str:
    """Say what is mended in the sample ``text`` when it is stored, "" if nothing is."""
    notes = []
    bare = without_forbidden(text, locale)
    spoken = with_spoken_ampersands(text, locale)
    if spoken != text:
        notes.append(f"“{joint_of(locale)}” for &")
    if bare != " ".join(spoken.split()):
        gone = [c for c in dict.fromkeys(spoken) if not c.isspace() and c not in bare]
        notes.append(f"without {' '.join(gone)}" if gone else "without punctuation")
    if snapped(bare) != bare:
        notes.append("its marked span widened to whole words")
    return ", ".join(notes)


def checked(text: str, locale: str) -> str:
    """Return the one sample that ``text``, which has no groups, is stored as. Raises Refused."""
    if has_groups(text):
        raise Refused(
            f"A group stands for several samples: write it as a new sample. This is one: {text:.60}"
        )
    return samples_of(text, locale)[0]


def samples_of(text: str, locale: str) -> list[str]:
    """Return the samples that one line is stored as, its groups expanded. Raises Refused."""
    for problem in text_problems(text):
        raise Refused(f"{problem.message} {problem.fix}")
    if len(text) > MAX_SAMPLE_INPUT:
        raise Refused(
            f"A sample utterance may have {MAX_SAMPLE_INPUT:,} characters, "
            f"this one has {len(text):,}: {text[:60]}…"
        )
    try:
        written = expand(text) if has_groups(text) else [text]
        cleaned = [clean_sample(one, locale) for one in written]
        found = [sample for sample in cleaned if not is_blank(sample)]
    except GroupError as error:
        raise Refused(f"{error} In: {text[:120]}") from error
    except TemplateError as error:
        raise Refused(f"{error} Write a slot as {{slotName}}: {text[:120]}") from error
    if not found:
        raise Refused(f"There are no words in {text[:60]}")
    return list(dict.fromkeys(found))


def mentioned(texts: Iterable[str]) -> list[str]:
    """Return the names of the slots that sample utterances mention, each once, in order."""
    names: dict[str, None] = {}
    for text in texts:
        try:
            chunks = parse_template(text)
        except TemplateError:
            continue
        names |= dict.fromkeys(chunk.slot for chunk in chunks if chunk.slot)
    return list(names)


# --- Lines of a text or a CSV file ----------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """A line as it was written: its number from 1, the intent that it names, the sample."""

    number: int
    sample: str
    intent: str = ""
    error: str = ""


def read_rows(text: str, *, is_csv: bool = False) -> list[Written]:
    """Return the lines of ``text`` that hold something.

    It is CSV if that is said, or if its first line names the columns, "sample" or
    "intent,sample"; else each line is a sample, commas and all.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    first = next((line for line in lines if line.strip()), "")
    separator = "\t" if "\t" in first else ";" if ";" in first and "," not in first else ","
    names = [name.strip().strip('"').casefold() for name in first.split(separator)]
    is_named = set(names) <= _COLUMNS and any(name in _SAMPLE_COLUMNS for name in names)
    has_header = is_named and (is_csv or len(lines) > 1)
    if not is_csv and not has_header:
        numbered = enumerate(lines, 1)
        return [Written(number, line.strip()) for number, line in numbered if line.strip()]
    columns = names if has_header else ["intent", "sample"]
    rows = list(_csv_rows(text.removeprefix("\ufeff"), separator, columns))
    return rows[1:] if has_header else rows


def _csv_rows(text: str, separator: str, columns: list[str]) -> Iterator[Written]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(number, cells, columns)
            number = reader.line_num + 1
    except csv.Error as error:
        told = f"This is not CSV ({error}). Double the quotes within quotes, and close them."
        yield Written(number, "", error=told)


def _row(number: int, cells: list[str], columns: list[str]) -> Written:
    if len(cells) != len(columns):
        found = f"{len(cells)} column{'s'[: len(cells) != 1]}"
        told = f"This line has {found}, not {len(columns)} ({','.join(columns)})."
        return Written(number, " ".join(cells), error=f"{told} Put a text with commas in quotes.")
    named = dict(zip(columns, (" ".join(cell.split()) for cell in cells), strict=True))
    sample = next(named[name] for name in _SAMPLE_COLUMNS if name in named)
    return Written(number, text_of(sample), named.get("intent", ""))


# --- What would be added --------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """What becomes of one line: the samples that it adds, those that are there, or an error."""

    row: Written
    intent: str = ""
    new: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    mended: str = ""
    error: str = ""

    @property
    def is_group(self) -> bool:
        """Whether the line stands for several samples."""
        return has_groups(self.row.sample)


@dataclass(frozen=True)
class Review:
    """What becomes of many lines, in their order."""

    lines: list[Line]

    @cached_property
    def errors(self) -> list[Line]:
        """The lines that cannot be added; while there is one, nothing is."""
        return [line for line in self.lines if line.error]

    @cached_property
    def changed(self) -> list[Line]:
        """The lines that add something, those that are not stored as written first."""
        adding = [line for line in self.lines if line.new]
        return sorted(adding, key=lambda line: not (line.mended or line.is_group))

    @cached_property
    def added(self) -> int:
        """How many samples are new."""
        return sum(len(line.new) for line in self.lines)

    @cached_property
    def known(self) -> int:
        """How many samples are there already, or stand twice."""
        return sum(len(line.known) for line in self.lines)

    @cached_property
    def mended(self) -> int:
        """How many lines are not stored as they are written."""
        return sum(bool(line.mended) for line in self.lines)

    @cached_property
    def new_intents(self) -> list[str]:
        """The intents that are named and get a sample, each once."""
        return list(dict.fromkeys(line.intent for line in self.lines if line.new))

    def samples(self, intent: str) -> list[str]:
        """Return the new samples of ``intent``, in their order."""
        return [text for line in self.lines if line.intent == intent for text in line.new]


def review(
    rows: list[Written],
    present: Mapping[str, Iterable[str]],
    *,
    locale: str,
    only: str = "",
    makes: bool = False,
) -> Review:
    """Return what becomes of ``rows`` where intents have the samples ``present``.

    ``only`` is the one intent that all rows are for; with ``makes`` others may be named than
    there are.
    """
    known = {name: {normalize(text) for text in texts} for name, texts in present.items()}
    reader = _Reader(known, locale, only, makes)
    lines = [reader.line(row) for row in rows[:MAX_LINES]]
    if len(rows) > MAX_LINES:
        told = f"At most {MAX_LINES:,} lines at once; these are {len(rows):,}. Send the rest apart."
        lines.append(Line(rows[MAX_LINES], error=told))
    found = Review(lines)
    if found.added > MAX_SAMPLES:
        told = f"At most {MAX_SAMPLES:,} samples at once; these make {found.added:,}. Split them."
        lines.append(Line(rows[-1], error=told))
    return Review(lines)


@dataclass(frozen=True)
class _Reader:
    """Reads lines one after another; ``known`` learns what they add."""

    known: dict[str, set[str]]
    locale: str
    only: str
    makes: bool

    def line(self, row: Written) -> Line:
        """Return what becomes of ``row``."""
        try:
            intent = _intent_of(row, self.known, self.only, self.makes)
            samples = samples_of(row.sample, self.locale)
            note = "" if has_groups(row.sample) else mended(row.sample, self.locale)
        except Refused as refused:
            return Line(row, error=str(refused))
        there = self.known.setdefault(intent, set())
        new = [text for text in samples if normalize(text) not in there]
        there |= {normalize(text) for text in new}
        rest = tuple(text for text in samples if text not in new)
        return Line(row, intent, tuple(new), rest, note if new else "")


def _intent_of(row: Written, known: dict[str, set[str]], only: str, makes: bool) -> str:
    if row.error:
        raise Refused(row.error)
    if only:
        if row.intent and row.intent != only:
            raise Refused(f"This line is for the intent {row.intent}; these are samples of {only}.")
        return only
    if not row.intent:
        raise Refused(
            f"There is no intent before the sample {row.sample:.60}. Write intent,sample."
        )
    if row.intent in known:
        return row.intent
    near = difflib.get_close_matches(row.intent, list(known), 1, 0.6)
    hint = f" Did you mean {near[0]}?" if near else ""
    is_taken = row.intent.casefold() in (name.casefold() for name in known)
    if not makes or is_taken:
        way = "" if makes else " Write another, or have it made."
        raise Refused(f"There is no intent {row.intent:.60}.{hint or way}")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,199}", row.intent):
        raise Refused(f"No intent can be called {row.intent:.60}: use only A to Z, digits and _.")
    return row.intent
