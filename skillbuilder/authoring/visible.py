"""The skills of a user as one list, own and shared, as quick with 100,000 as with ten."""

from __future__ import annotations

from collections.abc import Callable
from heapq import merge
from operator import attrgetter
from typing import Any

from skillbuilder.authoring.models import Skill, SkillQuerySet

Change = Callable[[SkillQuerySet], SkillQuerySet]


class VisibleSkills:
    """Two querysets, of the skills that a user owns and of those shared with him, read as one.

    No index gives "owner or member" in order, so a database would sort all of them for each page;
    either part alone it reads off an index, or is small. Of a queryset it has what lists use.
    """

    def __init__(self, parts: list[SkillQuerySet], order: tuple[str, ...] = ("-pk",)) -> None:
        self._parts = parts
        self._order = order

    @classmethod
    def of(cls, user: Any) -> VisibleSkills:
        """Return the skills that ``Skill.objects.visible_to(user)`` has."""
        # An interaction model's unknown parts may be large, and no list shows them.
        skills = Skill.objects.defer("extra", "search_text")
        shared = skills.filter(memberships__user=user.pk).exclude(owner=user.pk)
        return cls([skills.filter(owner=user.pk), shared])

    def changed(self, change: Change) -> VisibleSkills:
        """Return those that ``change`` leaves of each part."""
        return VisibleSkills([change(part) for part in self._parts], self._order)

    def filter(self, *args: Any, **kwargs: Any) -> VisibleSkills:
        """Return those that a queryset would."""
        return self.changed(lambda part: part.filter(*args, **kwargs))

    def order_by(self, *fields: str) -> VisibleSkills:
        """Return the same in the order of ``fields``, either all or none of them descending."""
        parts = [part.order_by(*fields) for part in self._parts]
        return VisibleSkills(parts, fields)

    def exists(self) -> bool:
        """Return whether there is one."""
        return any(part.exists() for part in self._parts)

    def __getitem__(self, wanted: slice) -> list[Skill]:
        """Return a page: ``wanted`` has a start and a stop, or a stop alone."""
        key = attrgetter(*(field.lstrip("-") for field in self._order))
        heads = [list(part[: wanted.stop]) for part in self._parts]
        descending = self._order[0].startswith("-")
        return list(merge(*heads, key=key, reverse=descending))[wanted.start : wanted.stop]
