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
from skillbuilder.authoring.models import ListedSkill, ListedSkillQuerySet, Skill, SkillStatus
from skillbuilder.authoring.pages import by_htmx, signed_in
from skillbuilder.authoring.skill_forms import locale_choices
from skillbuilder.authoring.skills import with_counts
from skillbuilder.training.accuracy import accuracies
from skillbuilder.training.state import last_builds

SKILLS_A_PAGE = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# When a skill was changed, and its key.
Place = tuple[datetime, int]
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

    def among(self, listed: ListedSkillQuerySet) -> ListedSkillQuerySet:
        """Return those of ``listed`` that are wanted."""
        if self.query:
            listed = listed.called(self.query)
        if self.locale:
            listed = listed.filter(locale=self.locale)
        return listed.filter(status=self.status) if self.status else listed

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


def cursor_of(place: Place) -> str:
    """Return the cursor that stands for ``place`` in the list."""
    time, pk = place
    return f"{(time - _EPOCH) // _MICROSECOND}-{pk}"


def place_of(cursor: str) -> Place | None:
    """Return the place that ``cursor`` stands for, None if it is none of ours."""
    found = _CURSOR.fullmatch(cursor)
    if not found:
        return None
    try:
        return _EPOCH + int(found["time"]) * _MICROSECOND, int(found["pk"])
    except OverflowError:
        return None


def page_of(listed: ListedSkillQuerySet, older_than: str = "", newer_than: str = "") -> SkillPage:
    """Return the page of ``listed`` beside a cursor; the first one if there is no such place."""
    if place := place_of(newer_than):
        found = _places(_after(listed, place, newest_first=False))
        # Fewer than a page are left: show the first one, which is full.
        if len(found) > SKILLS_A_PAGE:
            return _page(found[SKILLS_A_PAGE - 1 :: -1], newer=True, older=True)
    elif place := place_of(older_than):
        found = _places(_after(listed, place, newest_first=True))
        if found:
            return _page(found[:SKILLS_A_PAGE], newer=True, older=len(found) > SKILLS_A_PAGE)
    found = _places(listed.order_by("-updated_at", "-skill_id"))
    return _page(found[:SKILLS_A_PAGE], newer=False, older=len(found) > SKILLS_A_PAGE)


def _places(listed: ListedSkillQuerySet) -> list[Place]:
    """Return the first places of ``listed``, a page of them and one more.

    Nothing else of the rows, so that the index of the list is all that is read.
    """
    return list(listed.values_list("updated_at", "skill")[: SKILLS_A_PAGE + 1])


def _page(places: list[Place], *, newer: bool, older: bool) -> SkillPage:
    # An interaction model's unknown parts may be large, and the list does not show them.
    found = Skill.objects.defer("extra", "search_text").in_bulk([pk for _, pk in places])
    return SkillPage(
        [found[pk] for _, pk in places if pk in found],
        cursor_of(places[0]) if newer else "",
        cursor_of(places[-1]) if older else "",
    )


def _after(listed: ListedSkillQuerySet, place: Place, *, newest_first: bool) -> ListedSkillQuerySet:
    time, pk = place
    # The outer condition is one range of an index, which "earlier or as early and ..." is not.
    if newest_first:
        listed = listed.filter(Q(updated_at__lte=time) & (Q(updated_at__lt=time) | Q(skill__lt=pk)))
        return listed.order_by("-updated_at", "-skill_id")
    listed = listed.filter(Q(updated_at__gte=time) & (Q(updated_at__gt=time) | Q(skill__gt=pk)))
    return listed.order_by("updated_at", "skill_id")


@require_GET
@signed_in
def skill_list(request: HttpRequest) -> HttpResponse:
    """Show my skills, those changed last first."""
    wanted = Wanted.of(request.GET)
    mine = ListedSkill.objects.filter(user=request.user.pk)
    page = page_of(wanted.among(mine), request.GET.get("older", ""), request.GET.get("newer", ""))
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
