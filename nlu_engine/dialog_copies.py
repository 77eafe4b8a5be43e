"""What a dialog says of an intent goes along when the intent is copied, with its prompts."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from nlu_engine.dialog_model import (
    Extra,
    dialog_intents,
    dialog_of,
    free_id,
    ids_in,
    objects,
    prompts_of,
    with_dialog_parts,
)

_STRATEGY = "delegationStrategy"


def with_dialog_copied(
    extra: Extra,
    layout: str,
    intent: str,
    source: Extra,
    original: str,
    types: Mapping[str, str] | None = None,
) -> Extra:
    """Return ``extra`` with what the dialog in ``source`` says of ``original``, for ``intent``.

    ``extra`` and ``source`` may be the same. ``types``: slot types that are copied under
    another name. A prompt comes along under its own id, or under a free one where ``extra`` has
    that id already; ids that no prompt has stay as they are.
    """
    found = dialog_intents(source, original)
    if not found:
        return extra
    copy = deepcopy(found[0])
    copy["name"] = intent
    _keep_strategy(copy, dialog_of(source), dialog_of(extra))
    for slot in objects(copy.get("slots")):
        if isinstance(slot.get("type"), str):
            slot["type"] = (types or {}).get(slot["type"], slot["type"])
    prompts = _prompts_for(copy, source, extra)
    return with_dialog_parts(extra, layout, copy, prompts)


def _keep_strategy(copy: dict[str, Any], source: dict[str, Any], target: dict[str, Any]) -> None:
    """Write into ``copy`` who asks, where the dialog that it goes to would say another."""
    usual = source.get(_STRATEGY)
    if _STRATEGY not in copy and usual and usual != target.get(_STRATEGY):
        copy[_STRATEGY] = usual


def _prompts_for(copy: dict[str, Any], source: Extra, target: Extra) -> list[dict[str, Any]]:
    """Return copies of the prompts that ``copy`` names, which then names those."""
    taken = {prompt.get("id") for prompt in prompts_of(target)}
    known = {prompt.get("id"): prompt for prompt in reversed(prompts_of(source))}
    fresh: dict[str, str] = {}
    for id_ in ids_in(copy):
        if id_ in known and id_ not in fresh:
            fresh[id_] = free_id(id_, taken)
            taken.add(fresh[id_])
    _rename(copy, fresh)
    return [{**deepcopy(known[old]), "id": new} for old, new in fresh.items()]


def _rename(copy: dict[str, Any], fresh: Mapping[str, str]) -> None:
    for found in (copy, *objects(copy.get("slots"))):
        prompts = found.get("prompts")
        if isinstance(prompts, dict):
            renamed = {key: _fresh(value, fresh) for key, value in prompts.items()}
            found["prompts"] = renamed
        for one in objects(found.get("validations")):
            if "prompt" in one:
                one["prompt"] = _fresh(one["prompt"], fresh)


def _fresh(value: Any, fresh: Mapping[str, str]) -> Any:
    return fresh.get(value, value) if isinstance(value, str) else value
