r"""What a slot type is here beside its values: closed, of patterns, or from a catalog.

Alexa's JSON has no place for that, so a slot type may carry one key of our own:

    {"name": "OrderNumber", "values": [],
     "skillbuilder": {"closed": true, "patterns": ["[A-Z]{2}\\d{4}"]}}

``catalog`` tells where the values are copied from: {"id": ..., "version": 3, "newest": false}.
It is kept like any key that Alexa does not have; ``alexa.for_alexa`` leaves it out, for Alexa
refuses documents with unknown keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nlu_engine.documents import child_path, kind_of, shown
from nlu_engine.errors import Problem
from nlu_engine.patterns import MAX_PATTERNS, BadPattern, are_too_large, check_pattern

KEY = "skillbuilder"
"""The key of a slot type that holds its settings."""

Extra = dict[str, Any]


@dataclass(frozen=True)
class TypeSettings:
    """``is_closed``: nothing but what the type knows is accepted. ``patterns``: RE2 syntax."""

    is_closed: bool = False
    patterns: tuple[str, ...] = ()


def settings_in(extra: Extra) -> TypeSettings:
    """Return the settings in the ``extra`` of a slot type; what is malformed counts as absent."""
    found = extra.get("unknown", {}).get(KEY)
    if not isinstance(found, dict):
        return TypeSettings()
    patterns = found.get("patterns")
    listed = patterns if isinstance(patterns, list) else []
    return TypeSettings(
        found.get("closed") is True, tuple(one for one in listed if isinstance(one, str))
    )


def with_settings(extra: Extra, new: TypeSettings) -> Extra:
    """Return ``extra`` with the settings ``new``; other keys stay as they are."""
    unknown = dict(extra.get("unknown", {}))
    had = unknown.pop(KEY, None)
    found = dict(had) if isinstance(had, dict) else {}
    wanted = {"closed": new.is_closed, "patterns": list(new.patterns)}
    found = {key: value for key, value in found.items() if key not in wanted}
    found |= {key: value for key, value in wanted.items() if value}
    if found:
        unknown[KEY] = found
    rest = {key: value for key, value in extra.items() if key != "unknown"}
    return rest | ({"unknown": unknown} if unknown else {})


@dataclass(frozen=True)
class CatalogLink:
    """The catalog that a slot type has its values from; ``version`` 0 where none is named.

    With ``newest`` it takes each newer version too.
    """

    id: str
    version: int = 0
    newest: bool = False


def catalog_in(extra: Extra) -> CatalogLink | None:
    """Return the catalog that a slot type names: by our key, or by Alexa's ``valueSupplier``."""
    unknown = extra.get("unknown", {})
    own = unknown.get(KEY)
    found = own.get("catalog") if isinstance(own, dict) else None
    if isinstance(found, dict) and isinstance(found.get("id"), str):
        return CatalogLink(found["id"], _number(found.get("version")), found.get("newest") is True)
    supplier = unknown.get("valueSupplier")
    named = supplier.get("valueCatalog") if isinstance(supplier, dict) else None
    if not isinstance(named, dict) or not isinstance(named.get("catalogId"), str):
        return None
    version = _number(named.get("version"))
    return CatalogLink(named["catalogId"], version, newest=not version)


def _number(value: Any) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def with_catalog(extra: Extra, link: CatalogLink | None) -> Extra:
    """Return ``extra`` with ``link`` in our key, and without Alexa's; None removes ours."""
    unknown = {key: value for key, value in extra.get("unknown", {}).items() if key != KEY}
    if link is not None:
        unknown.pop("valueSupplier", None)
    had = extra.get("unknown", {}).get(KEY)
    found = dict(had) if isinstance(had, dict) else {}
    found.pop("catalog", None)
    if link is not None:
        named = {"id": link.id, "version": link.version}
        found["catalog"] = named | ({"newest": True} if link.newest else {})
    if found:
        unknown[KEY] = found
    rest = {key: value for key, value in extra.items() if key != "unknown"}
    return rest | ({"unknown": unknown} if unknown else {})


def settings_problems(extra: Extra, path: str) -> Iterator[Problem]:
    """Yield what is wrong with the settings of the slot type at ``path``."""
    if KEY not in extra.get("unknown", {}):
        return
    found, place = extra["unknown"][KEY], f"{path}.{KEY}"
    if not isinstance(found, dict):
        yield _wrong_type(place, found, "an object", '{"closed": true}')
        return
    if "closed" in found and not isinstance(found["closed"], bool):
        yield _wrong_type(f"{place}.closed", found["closed"], "true or false", "true")
    for key in (key for key in found if key not in ("closed", "patterns", "catalog")):
        message = f"There is no setting {shown(key)!r}; it is kept, and nothing is made of it."
        fix = "Write closed, patterns or catalog."
        yield Problem(
            "unknown-setting", child_path(place, key), message, shown(found[key]), fix, "warning"
        )
    if "catalog" in found and catalog_in(extra) is None:
        example = '{"id": "...", "version": 3}'
        yield _wrong_type(f"{place}.catalog", found["catalog"], "an object with an id", example)
    yield from _pattern_problems(found.get("patterns", []), f"{place}.patterns")


def _wrong_type(path: str, value: Any, wanted: str, example: str) -> Problem:
    message = f"This must be {wanted}, not {kind_of(value)}."
    return Problem("wrong-type", path, message, shown(value), f"Write e.g. {example}.")


def _pattern_problems(patterns: Any, path: str) -> Iterator[Problem]:
    if not isinstance(patterns, list):
        yield _wrong_type(path, patterns, "a list of patterns", '["[A-Z]{2}\\\\d{4}"]')
        return
    if len(patterns) > MAX_PATTERNS:
        message = f"There are {len(patterns)} patterns; at most {MAX_PATTERNS} are accepted."
        fix = "Put alternatives into one: (?:AB|CD)\\d{4}."
        yield Problem("too-many-patterns", path, message, len(patterns), fix)
        return
    found = [list(_one_pattern(one, f"{path}[{index}]")) for index, one in enumerate(patterns)]
    problems = [problem for listed in found for problem in listed]
    yield from problems
    if not problems and patterns and are_too_large(patterns):
        message = "Together the patterns take too much memory."
        yield Problem("patterns-too-large", path, message, len(patterns), "Simplify or split them.")


def _one_pattern(pattern: Any, path: str) -> Iterator[Problem]:
    if not isinstance(pattern, str):
        yield _wrong_type(path, pattern, "text", '"[A-Z]{2}\\\\d{4}"')
        return
    try:
        check_pattern(pattern)
    except BadPattern as error:
        yield Problem("bad-pattern", path, str(error), shown(pattern), error.fix)
