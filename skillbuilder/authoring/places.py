"""Where a problem is: from its JSON path to the page on which it can be put right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse

from nlu_engine.errors import Problem
from skillbuilder.authoring.models import Intent, Skill, SlotType

_PLACE = re.compile(
    r"(?<!\.dialog)\.(?P<what>intents|types)\[(?P<index>\d+)\]"
    r"(?:\.(?P<part>samples|slots|values)\[(?P<number>\d+)\])?"
)


@dataclass(frozen=True)
class PlacedProblem:
    """A problem with the name and the address of the page that shows its place."""

    problem: Problem
    label: str
    url: str


def placed(skill: Skill, problems: Iterable[Problem]) -> list[PlacedProblem]:
    """Return ``problems`` of the stored ``skill`` with their places, errors first."""
    intents, slot_types = list(skill.intents.all()), list(skill.slot_types.all())
    ordered = sorted(problems, key=lambda problem: problem.severity != "error")
    return [_placed(skill, intents, slot_types, problem) for problem in ordered]


def _placed(
    skill: Skill, intents: Sequence[Intent], slot_types: Sequence[SlotType], problem: Problem
) -> PlacedProblem:
    found = _PLACE.search(problem.path)
    rows: Sequence[Intent | SlotType] = ()
    if found:
        rows = intents if found["what"] == "intents" else slot_types
    if not found or int(found["index"]) >= len(rows):
        return _of_skill(skill, problem)
    row = rows[int(found["index"])]
    name = "intent-detail" if isinstance(row, Intent) else "slot-type-detail"
    return PlacedProblem(problem, row.name, reverse(name, args=[skill.slug, row.pk]))


def _of_skill(skill: Skill, problem: Problem) -> PlacedProblem:
    if problem.path.endswith(".invocationName"):
        return PlacedProblem(
            problem, "Invocation name", reverse("skill-settings", args=[skill.slug])
        )
    return PlacedProblem(problem, "Skill", reverse("skill-detail", args=[skill.slug]))


def worst_by_address(problems: Iterable[PlacedProblem]) -> dict[str, str]:
    """Return the worst severity ("error", "warning") on each page that has a problem."""
    worst: dict[str, str] = {}
    for placed_problem in problems:
        if worst.get(placed_problem.url) != "error":
            worst[placed_problem.url] = placed_problem.problem.severity
    return worst


def problems_by_row(
    problems: Iterable[Problem], what: str, index: int, part: str
) -> dict[int, list[Problem]]:
    """Return the problems of one intent (``what`` "intents") or slot type ("types").

    They are keyed by the number of the sample, slot or value (``part``) that they are about.
    """
    by_row: dict[int, list[Problem]] = {}
    for problem in problems:
        found = _PLACE.search(problem.path)
        if found and (found["what"], found["index"], found["part"]) == (what, str(index), part):
            by_row.setdefault(int(found["number"]), []).append(problem)
    return by_row


def problems_of_whole(problems: Iterable[Problem], what: str, index: int) -> list[Problem]:
    """Return the problems of one intent or slot type that are about none of its parts."""
    return [
        problem
        for problem in problems
        if (found := _PLACE.search(problem.path))
        and (found["what"], found["index"], found["part"]) == (what, str(index), None)
    ]
