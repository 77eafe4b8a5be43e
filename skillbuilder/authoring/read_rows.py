"""Rows of models by a query that is written out, for what every parse asks.

For Django it takes five to ten times as long to write such a query as for the database to answer
it, and with ``raw`` to find out anew each time how its columns are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Model

Reading = Callable[[Any, Any, Any], Any]
Part = tuple[type[Model], tuple[str, ...]]
"""A model, and the names of those of its fields that are read: its key among them."""


class _Columns(NamedTuple):
    """The attributes that are read, and what makes values of each from what the database says."""

    model: type[Model]
    text: str
    attributes: tuple[str, ...]
    readings: tuple[tuple[Any, tuple[Reading, ...]], ...]


def read_rows(query: str, values: Sequence[Any], *parts: Part) -> Iterator[tuple[Any, ...]]:
    """Yield of each row of ``query`` an instance for each of ``parts``, and what else it holds.

    ``query`` selects ``{0}``, ``{1}`` ...: the columns of the parts, in the order of their models;
    what it selects after them is yielded as it comes. A part without a key, as an outer join may
    leave it, is None. Other fields of an instance are read when they are wanted.
    """
    columns = [_columns(*part, connection.vendor) for part in parts]
    with connection.cursor() as cursor:
        cursor.execute(query.format(*(one.text for one in columns)), values)
        rows = cursor.fetchall()
    for row in rows:
        at, found = 0, []
        for one in columns:
            end = at + len(one.attributes)
            found.append(_instance(one, row[at:end]))
            at = end
        yield (*found, *row[at:])


def _instance(columns: _Columns, values: Sequence[Any]) -> Model | None:
    # The key is the first of a model's columns.
    if values[0] is None:
        return None
    read = [_read(*one) for one in zip(values, columns.readings, strict=True)]
    return columns.model.from_db(connection.alias, columns.attributes, read)


@lru_cache
def _columns(model: type[Model], names: tuple[str, ...], vendor: str) -> _Columns:
    fields = [field for field in model._meta.concrete_fields if field.name in names]
    table = model._meta.db_table
    expressions = [field.get_col(table) for field in fields]
    readings = tuple(
        (one, (*connection.ops.get_db_converters(one), *one.get_db_converters(connection)))
        for one in expressions
    )
    text = ", ".join(f"{table}.{field.column}" for field in fields)
    return _Columns(model, text, tuple(field.attname for field in fields), readings)


def _read(value: Any, how: tuple[Any, tuple[Reading, ...]]) -> Any:
    expression, readings = how
    for reading in readings:
        value = reading(value, expression, connection)
    return value
