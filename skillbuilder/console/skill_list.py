"""The home page: all skills of a user, searched, filtered, a page at a time.

Pages go by the last skill shown (its time and key), not by a number: the hundredth page is
as quick as the first, and an edit meanwhile neither repeats a skill nor leaves one out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_GET

from nlu_engine.interaction_model import LOCALES
from skillbuilder.authoring.bin import bin_of
from skillbuilder.authoring.models import Skill, SkillQuerySet
from skillbuilder.authoring.pages import by_htmx, signed_in
from skillbuilder.authoring.skill_forms import locale_choices
from skillbuilder.authoring.skills import with_counts
from skillbuilder.authoring.visible import VisibleSkills
from skillbuilder.training.accuracy import accuracies
from skillbuilder.training.state import SkillStatus, in_status, last_builds

SKILLS_A_PAGE = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CURSOR = re.compile(r"(?P<time>\d{1,17})-(?P<pk>\d{1,18})", re.ASCII)


@dataclass(frozen=True)
class Wanted:
    """What the list is to show: words of a name, a locale, a status; "" is any."""

    query: str = ""
    locale: str = ""
    status: str = ""

    @classmethod
    def of(cls, parameters: QueryDict) -> Wanted:
        """Read the address; what is no locale or status filters nothing."""
        # Postgres refuses even to look for a NUL.
        query = parameters.get("q", "").replace("\x00", "").strip()
        locale, status = parameters.get("locale", ""), parameters.get("status", "")
        return cls(
            query,
            locale if locale in LOCALES else "",
            status if status in SkillStatus.values else "",
        )

    def __bool__(self) -> bool:
        return bool(self.query or self.locale or self.status)

    def among(self, skills: SkillQuerySet) -> SkillQuerySet:
        """Return those of ``skills`` that are wanted."""
        if self.query:
            skills = skills.called(self.query)
        if self.locale:
            skills = skills.filter(locale=self.locale)
        return in_status(skills, SkillStatus(self.status)) if self.status else skills

    def address(self, **more: str) -> str:
        """Return the query string that shows the same, with ``more`` in it."""
        mine = {"q": self.query, "locale": self.locale, "status": self.status}
        return "?" + urlencode({name: value for name, value in (mine | more).items() if value})


@dataclass(frozen=True)
class SkillPage:
    """Some skills, those changed last first, and the cursors of the pages beside them."""

    skills: list[Skill]
    newer: str = ""
    older: str = ""


def cursor_of(skill: Skill) -> str:
    """Return the cursor that stands for the place of ``skill`` in the list."""
    return f"{(skill.updated_at - _EPOCH) // _MICROSECOND}-{skill.pk}"


def place_of(cursor: str) -> tuple[datetime, int] | None:
    """Return the time and key in ``cursor``, None if it is none of ours."""
    found = _CURSOR.fullmatch(cursor)
    if not found:
        return None
    try:
        return _EPOCH + int(found["time"]) * _MICROSECOND, int(found["pk"])
    except OverflowError:
        return None


def page_of(skills: VisibleSkills, older_than: str = "", newer_than: str = "") -> SkillPage:
    """Return the page of ``skills`` beside a cursor; the first one if there is no such place."""
    if place := place_of(newer_than):
        found = _after(skills, place, newest_first=False)[: SKILLS_A_PAGE + 1]
        # Fewer than a page are left: show the first one, which is full.
        if len(found) > SKILLS_A_PAGE:
            return _page(found[SKILLS_A_PAGE - 1 :: -1], newer=True, older=True)
    elif place := place_of(older_than):
        found = _after(skills, place, newest_first=True)[: SKILLS_A_PAGE + 1]
        if found:
            return _page(found[:SKILLS_A_PAGE], newer=True, older=len(found) > SKILLS_A_PAGE)
    found = skills.order_by("-updated_at", "-pk")[: SKILLS_A_PAGE + 1]
    return _page(found[:SKILLS_A_PAGE], newer=False, older=len(found) > SKILLS_A_PAGE)


def _page(skills: list[Skill], *, newer: bool, older: bool) -> SkillPage:
    return SkillPage(
        skills, cursor_of(skills[0]) if newer else "", cursor_of(skills[-1]) if older else ""
    )


def _after(
    skills: VisibleSkills, place: tuple[datetime, int], *, newest_first: bool
) -> VisibleSkills:
    time, pk = place
    # The outer condition is one range of an index, which "earlier or as early and ..." is not.
    if newest_first:
        skills = skills.filter(Q(updated_at__lte=time) & (Q(updated_at__lt=time) | Q(pk__lt=pk)))
        return skills.order_by("-updated_at", "-pk")
    skills = skills.filter(Q(updated_at__gte=time) & (Q(updated_at__gt=time) | Q(pk__gt=pk)))
    return skills.order_by("updated_at", "pk")


@require_GET
@signed_in
def skill_list(request: HttpRequest) -> HttpResponse:
    """Show my skills, those changed last first."""
    wanted = Wanted.of(request.GET)
    mine = VisibleSkills.of(request.user)
    page = page_of(
        mine.changed(wanted.among), request.GET.get("older", ""), request.GET.get("newer", "")
    )
    context = {
        "page": page,
        "wanted": wanted,
        "has_skills": bool(page.skills) or mine.exists(),
        "has_bin": bin_of(request.user).exists(),
        "counts": counts_of(page.skills),
        "builds": last_builds(page.skills),
        "accuracies": accuracies(page.skills),
        "locale_groups": locale_choices(),
        "status_choices": SkillStatus.choices,
    }
    if page.newer:
        context["newer"] = wanted.address(newer=page.newer)
    if page.older:
        context["older"] = wanted.address(older=page.older)
    template = "console/_skills.html" if by_htmx(request) else "console/skill_list.html"
    return render(request, template, context)


def counts_of(skills: list[Skill]) -> dict[int, Any]:
    """Return each skill with its ``intent_count`` and ``slot_type_count``, by its key."""
    counted = with_counts(Skill.objects.filter(pk__in=[skill.pk for skill in skills]))
    return {skill.pk: skill for skill in counted.only("pk")}
