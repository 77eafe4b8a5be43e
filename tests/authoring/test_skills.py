"""Making skills: slugs."""

from __future__ import annotations

from typing import Any

import pytest

from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.skills import SlugTaken, create_skill


@pytest.mark.parametrize(
    ("name", "slugs"),
    [
        ("Pizza Time!", ["pizza-time", "pizza-time-2", "pizza-time-3"]),
        ("ピザ", ["skill", "skill-2", "skill-3"]),
        ("New", ["new-2", "new-3", "new-4"]),  # /skills/new is a page
        ("x" * 120, ["x" * 100, "x" * 100 + "-2", "x" * 100 + "-3"]),
    ],
)
def test_slugs_are_derived_and_unique(alice: Any, name: str, slugs: list[str]) -> None:
    made = [create_skill(alice, name=name, locale="en-US").slug for _ in slugs]
    assert made == slugs


def test_two_owners_may_use_one_name(alice: Any, bob: Any) -> None:
    first = create_skill(alice, name="Same", locale="en-US")
    second = create_skill(bob, name="Same", locale="en-US")
    assert (first.slug, second.slug) == ("same", "same-2")


@pytest.mark.parametrize("slug", ["tiny-kitchen", "new"])
def test_an_explicit_slug_that_is_taken_is_refused(skill: Skill, bob: Any, slug: str) -> None:
    with pytest.raises(SlugTaken, match=slug):
        create_skill(bob, name="Mine", locale="en-US", slug=slug)
    assert not Skill.objects.filter(owner=bob).exists()
