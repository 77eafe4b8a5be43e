"""Tables as CSV that a spreadsheet opens as it is meant, and that give back what was written."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

# What a spreadsheet takes for a formula, with the apostrophes that an earlier writing put there.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def csv_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return CSV; before what a spreadsheet would take for a formula stands an apostrophe."""
    return "".join(csv_lines(header, rows))


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of ``csv_table``, each once its row is there."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    for row in chain([header], ([_guarded(cell) for cell in row] for row in rows)):
        writer.writerow(row)
        yield file.getvalue()
        file.seek(0)
        file.truncate()


def text_of(cell: str) -> str:
    """Return the text that ``csv_table`` wrote as ``cell``."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell, 1) else cell


def _guarded(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell
