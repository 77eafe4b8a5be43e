"""The checks of a stored skill: found once for each state of it, some of them dismissed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.core.cache import cache

from nlu_engine.checks import (
    SEVERITIES,
    Check,
    Fix,
    Limit,
    checks,
    limits,
    rule_checks,
    sample_limits,
    value_limits,
)
from nlu_engine.documents import limited
from nlu_engine.errors import Problem
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.import_export import export_all_values, export_interaction_model
from skillbuilder.authoring.models import DismissedCheck, Intent, Skill, SlotType
from skillbuilder.authoring.skills import content_key

_KEPT_SECONDS = 600


class CannotBeDismissed(Exception):
    """An error refuses a build, so nobody may lose sight of it."""


@dataclass(frozen=True)
class Checked:
    """All checks of a skill, those to see apart from the dismissed ones, the worst first."""

    shown: list[Check]
    dismissed: list[Check]
    limits: list[Limit]

    @property
    def counts(self) -> dict[str, int]:
        """How many are to be seen of each severity, and how many are dismissed."""
        found = Counter(check.severity for check in self.shown)
        return {severity: found[severity] for severity in SEVERITIES} | {
            "dismissed": len(self.dismissed)
        }


def all_checks(model: InteractionModel, locale: str) -> list[Check]:
    """Return ``checks(model, locale)``, remembered for a while: pages ask again and again."""
    key = f"checks:{locale}:{model.digest()}"
    return _remembered(key, lambda: _worst_first(checks(model, locale)))


def _worst_first(found: list[Check]) -> list[Check]:
    return sorted(found, key=lambda one: SEVERITIES.index(one.severity))


def _remembered(key: str, find: Callable[[], list[Check]]) -> list[Check]:
    kept: list[dict[str, Any]] | None = cache.get(key)
    if kept is not None:
        return [_check(fields) for fields in kept]
    found = find()
    # As JSON has it: caches keep nothing else.
    cache.set(key, [asdict(check) for check in found], _KEPT_SECONDS)
    return found


def _check(fields: dict[str, Any]) -> Check:
    """Return the check that ``asdict`` made ``fields`` of."""
    return Check(**fields | {"fixes": tuple(Fix(**fix) for fix in fields["fixes"])})


def checked(skill: Skill) -> Checked:
    """Return the checks of what is in ``skill`` now."""
    return checked_before(skill) or _judged(skill, _found_now(skill))


def checked_before(skill: Skill) -> Checked | None:
    """Return the checks of what is in ``skill`` now if somebody has asked for them already."""
    found = cache.get(_key_of(skill))
    return _judged(skill, found) if found else None


def _key_of(skill: Skill) -> str:
    return f"checked:{skill.locale}:{content_key(skill)}"


def _found_now(skill: Skill) -> dict[str, Any]:
    """Return all checks and limits of ``skill``, kept until it is changed.

    To read 50,000 values takes longer than to answer, and each page asks for a badge.
    """
    model = export_interaction_model(skill)
    found = {
        "checks": [asdict(check) for check in _worst_first(checks(model, skill.locale))],
        "limits": [asdict(limit) for limit in limits(model)],
    }
    cache.set(_key_of(skill), found, _KEPT_SECONDS)
    return found


def _judged(skill: Skill, found: dict[str, Any]) -> Checked:
    kept, hidden = [_check(fields) for fields in found["checks"]], _dismissed_keys(skill)
    return Checked(
        shown=[check for check in kept if not _is_hidden(check, hidden)],
        dismissed=[check for check in kept if _is_hidden(check, hidden)],
        limits=[Limit(**fields) for fields in found["limits"]],
    )


def limits_of(row: Intent | SlotType) -> list[Limit]:
    """Return the limits of one intent or slot type, and how much it uses."""
    if isinstance(row, Intent):
        return sample_limits(list(row.samples.values_list("text", flat=True)))
    return value_limits(export_all_values(row).slot_types[0].values)


def open_problems(skill: Skill) -> list[Problem]:
    """Return the broken rules of ``skill`` that are not dismissed, quicker than all checks."""
    return open_problems_of(skill, export_interaction_model(skill))


def open_problems_of(skill: Skill, model: InteractionModel) -> list[Problem]:
    """Return the broken rules of ``model``, a part of ``skill``, that are not dismissed."""
    hidden = _dismissed_keys(skill)
    key = f"rules:{skill.locale}:{model.digest()}"
    found = _remembered(key, lambda: list(rule_checks(model, skill.locale)))
    return limited([check for check in found if not _is_hidden(check, hidden)])


def dismiss(skill: Skill, key: str) -> None:
    """Hide the check ``key``; nothing happens if there is none. Raises CannotBeDismissed."""
    for check in checked(skill).shown:
        if check.key == key:
            if check.severity == "error":
                raise CannotBeDismissed(check.message)
            DismissedCheck.objects.get_or_create(skill=skill, key=key)
            return


def restore(skill: Skill, keys: Iterable[str]) -> None:
    """Show the checks ``keys`` again."""
    skill.dismissed_checks.filter(key__in=list(keys)).delete()


def _dismissed_keys(skill: Skill) -> set[str]:
    return set(skill.dismissed_checks.values_list("key", flat=True))


def _is_hidden(check: Check, dismissed: set[str]) -> bool:
    return check.severity != "error" and check.key in dismissed
