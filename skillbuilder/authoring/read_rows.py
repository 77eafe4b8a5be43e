"""Rows of a model by a query that is written out, for what every parse asks.

For Django it takes five to ten times as long to write such a query as for the database to answer
it, and with ``raw`` to find out anew each time how its columns are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.db import connection
from django.db.models import Model

M = TypeVar("M", bound=Model)
Reading = Callable[[Any, Any, Any], Any]


class _Columns(NamedTuple):
    """The attributes that are read, and what makes values of each from what the database says."""

    text: str
    attributes: tuple[str, ...]
    readings: tuple[tuple[Any, tuple[Reading, ...]], ...]


def read_rows(
    model: type[M], names: Sequence[str], query: str, values: Sequence[Any]
) -> Iterator[tuple[M, tuple[Any, ...]]]:
    """Yield instances of ``model`` with what else each row of ``query`` holds.

    ``query`` selects ``{columns}``: those of the fields ``names``, in the order of the model. What
    it selects after them is yielded as it comes. Other fields are read when they are wanted.
    """
    columns = _columns(model, tuple(names), connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(query.format(columns=columns.text), values)
        rows = cursor.fetchall()
    for row in rows:
        read = [_read(*one) for one in zip(row, columns.readings, strict=False)]
        yield model.from_db(connection.alias, columns.attributes, read), row[len(read) :]


@lru_cache
def _columns(model: type[Model], names: tuple[str, ...], vendor: str) -> _Columns:
    fields = [field for field in model._meta.concrete_fields if field.name in names]
    table = model._meta.db_table
    expressions = [field.get_col(table) for field in fields]
    readings = [
        (one, (*connection.ops.get_db_converters(one), *one.get_db_converters(connection)))
        for one in expressions
    ]
    text = ", ".join(f"{table}.{field.column}" for field in fields)
    return _Columns(text, tuple(field.attname for field in fields), tuple(readings))


def _read(value: Any, how: tuple[Any, tuple[Reading, ...]]) -> Any:
    expression, readings = how
    for reading in readings:
        value = reading(value, expression, connection)
    return value
