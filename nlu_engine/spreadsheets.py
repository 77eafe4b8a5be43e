"""Tables as CSV that a spreadsheet opens as it is meant, and that give back what was written."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

# What a spreadsheet takes for a formula, with the apostrophes that an earlier writing put there.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def csv_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return CSV; before what a spreadsheet would take for a formula stands an apostrophe."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_guarded(cell) for cell in row] for row in rows)
    return file.getvalue()


def text_of(cell: str) -> str:
    """Return the text that ``csv_table`` wrote as ``cell``."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell, 1) else cell


def _guarded(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell
