"""The home page: which skills are listed, and a page at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from benchmarks import skill_list as benchmark
from skillbuilder.authoring import editing, people
from skillbuilder.authoring.bin import delete_for_good, put_away, restore
from skillbuilder.authoring.models import ListedSkill, Skill
from skillbuilder.authoring.skills import changed, create_skill
from skillbuilder.training.models import Evaluation, TrainingRun
from skillbuilder.training.state import build_state, last_builds

NAME = re.compile(r'class="stretched"><bdi>(.*?)</bdi>')
LINK = re.compile(r'rel="(prev|next)" href="(.*?)"')
Status = TrainingRun.Status


def shown(page: Any) -> list[str]:
    """Return the names of the skills on a page, in order."""
    return NAME.findall(page.content.decode())


def links(page: Any) -> dict[str, str]:
    """Return the addresses of the pages beside this one."""
    return {rel: href.replace("&amp;", "&") for rel, href in LINK.findall(page.content.decode())}


def run_of(skill: Skill, status: str) -> TrainingRun:
    return TrainingRun.objects.create(
        skill=skill,
        snapshot={},
        digest="0",
        locale=skill.locale,
        engine_version="0",
        embeddings="en@2",
        status=status,
        started_at=timezone.now(),
        finished_at=timezone.now() if status in (Status.READY, Status.FAILED) else None,
    )


@pytest.fixture
def many(alice: Any) -> list[Skill]:
    """Return 45 skills of alice, all changed in the same moment."""
    skills = [create_skill(alice, name=f"Skill {n:02}", locale="en-US") for n in range(45)]
    Skill.objects.update(updated_at=timezone.now())
    return skills


def test_the_list_shows_my_skills_and_no_others(browser: Client, skill: Skill, bob: Any) -> None:
    create_skill(bob, name="Bob's secret", locale="en-US")
    page = browser.get("/").content.decode()
    for text in ("Tiny kitchen", "“tiny kitchen”", "2 intents", "1 slot type", "Draft", "never"):
        assert text in page
    assert "Bob" not in page


def test_without_skills_the_list_teaches(browser: Client) -> None:
    page = browser.get("/").content.decode()
    assert "Make your first skill" in page
    assert f"{reverse('skill-create')}?start=json" in page


@pytest.mark.parametrize("query", ["kitch", "KITCHEN", "tiny-k", "ny kit"])
def test_search_finds_by_name_invocation_name_and_slug(
    browser: Client, skill: Skill, alice: Any, query: str
) -> None:
    other = create_skill(alice, name="Lamps", locale="en-US")
    assert shown(browser.get("/", {"q": query})) == ["Tiny kitchen"]
    Skill.objects.filter(pk=other.pk).update(invocation_name="brooding light")
    assert shown(browser.get("/", {"q": "brood"})) == ["Lamps"]


def test_a_search_that_finds_nothing_says_so(browser: Client, skill: Skill) -> None:
    nothing = browser.get("/", {"q": "<b>zzz"}).content.decode()
    assert "No skill is called “&lt;b&gt;zzz”" in nothing
    filtered = browser.get("/", {"locale": "de-DE"}).content.decode()
    assert "No skill is like that" in filtered and "in de-DE" in filtered


@pytest.mark.parametrize(
    "query",
    [
        {"q": "\x00"},
        {"q": "tiny\x00"},
        {"q": "%"},
        {"q": "'; --"},
        {"q": "\N{GRINNING FACE}"},
        {"q": "x" * 3_000},
        {"locale": "xx-XX", "status": "splendid"},
        {"older": "nonsense"},
        {"older": "99999999999999999-1"},
        {"newer": "0-999999999999999999"},
        {"newer": "1-2", "older": "\x00"},
    ],
)
def test_any_address_is_answered(browser: Client, skill: Skill, query: dict[str, str]) -> None:
    assert browser.get("/", query).status_code == 200


def test_older_and_newer_show_each_skill_once(browser: Client, many: list[Skill]) -> None:
    page, pages = browser.get("/"), []
    while True:
        pages.append(shown(page))
        if "next" not in links(page):
            break
        page = browser.get(f"/{links(page)['next']}")
    assert [len(names) for names in pages] == [20, 20, 5]
    assert sum(pages, []) == [f"Skill {number:02}" for number in reversed(range(45))]
    back = browser.get(f"/{links(page)['prev']}")
    assert shown(back) == pages[1]
    first = browser.get(f"/{links(back)['prev']}")
    assert shown(first) == pages[0]
    assert "prev" not in links(first)


def test_an_edit_between_two_pages_repeats_and_loses_nothing(
    browser: Client, many: list[Skill], alice: Any
) -> None:
    first = browser.get("/")
    changed(many[3])  # It would have come on the last page and goes to the front.
    create_skill(alice, name="New one", locale="en-US")
    Skill.objects.get(name="Skill 40").delete()
    second = browser.get(f"/{links(first)['next']}")
    assert shown(second) == [f"Skill {number:02}" for number in reversed(range(5, 25))]
    assert shown(browser.get("/"))[:3] == ["New one", "Skill 03", "Skill 44"]


def test_pages_keep_the_search_and_the_filters(browser: Client, many: list[Skill]) -> None:
    query = {"q": "skill", "locale": "en-US", "status": "draft"}
    older = links(browser.get("/", query))["next"]
    assert all(f"{name}={value}" in older for name, value in query.items())
    assert len(shown(browser.get(f"/{older}"))) == 20


@pytest.mark.parametrize(
    ("runs", "status"),
    [
        ([], "draft"),
        ([Status.CANCELLED], "draft"),
        ([Status.FAILED, Status.CANCELLED], "draft"),
        ([Status.QUEUED], "building"),
        ([Status.READY, Status.TRAINING], "building"),
        ([Status.READY], "ready"),
        ([Status.FAILED, Status.READY], "ready"),
        ([Status.READY, Status.CANCELLED], "ready"),
        ([Status.FAILED], "failed"),
        ([Status.READY, Status.FAILED], "failed"),
    ],
)
def test_a_status_is_shown_and_filters_alike(
    browser: Client, skill: Skill, runs: list[str], status: str
) -> None:
    for one in runs:
        run_of(skill, one)
    row = browser.get("/").content.decode().partition("<tbody>")[2]
    assert f"</span>{status.capitalize()}</span>" in row
    for other in ("draft", "building", "ready", "failed"):
        found = shown(browser.get("/", {"status": other}))
        assert found == (["Tiny kitchen"] if other == status else []), other
    # The page of the skill, which knows more, says the same.
    kinds = {"none": "draft", "changed": "ready"}
    kind = build_state(skill).kind
    assert kinds.get(kind, kind) == status or runs == [Status.FAILED, Status.CANCELLED]


def test_the_last_build_is_told(skill: Skill) -> None:
    ready = run_of(skill, Status.READY)
    run_of(skill, Status.CANCELLED)
    assert last_builds([skill])[skill.pk][1] == ready


def test_a_locale_filters(browser: Client, skill: Skill, alice: Any) -> None:
    create_skill(alice, name="Lampen", locale="de-DE")
    assert shown(browser.get("/", {"locale": "de-DE"})) == ["Lampen"]
    assert shown(browser.get("/", {"locale": "nonsense"})) == ["Lampen", "Tiny kitchen"]


def test_the_list_asks_the_database_the_same_for_one_skill_and_for_many(
    browser: Client, many: list[Skill], django_assert_max_num_queries: Any
) -> None:
    for skill in many:
        run_of(skill, Status.READY)
        run_of(skill, Status.CANCELLED)
    with django_assert_max_num_queries(12):
        browser.get("/", {"q": "skill", "status": "ready"})


def test_a_piece_for_htmx_is_the_list_alone(browser: Client, skill: Skill) -> None:
    piece = browser.get("/", {"q": "tiny"}, headers={"HX-Request": "true"}).content.decode()
    assert "Tiny kitchen" in piece and "<html" not in piece


def test_a_stranger_sees_none(browser_of: Callable[[Any], Client], skill: Skill, bob: Any) -> None:
    for query in ({}, {"q": "tiny"}, {"status": "draft"}, {"locale": "en-US"}):
        assert shown(browser_of(bob).get("/", query)) == []


def test_the_benchmark_makes_skills_of_every_kind(
    alice: Any,
    bob: Any,
    charlie: Any,
    browser: Client,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(benchmark, "TIMES", 1)
    monkeypatch.setattr(benchmark, "RARE", 30)
    benchmark.insert([alice, bob], charlie, range(120))
    for query in ({"status": "building"}, {"status": "draft"}, {"locale": benchmark.RARE_LOCALE}):
        assert len(shown(browser.get("/", query))) == 4, query
    assert shown(browser.get("/", {"status": "failed"})) == ["Skill 000003 of the Größe Kitchen"]
    assert len(dict(benchmark.measure(browser, token))) == 20


def result_of(run: TrainingRun, accuracy: float, **fields: Any) -> Evaluation:
    metrics = {
        "neural": {"frame_accuracy": accuracy, "count": 1_234},
        "maxent_crf": {"frame_accuracy": accuracy / 2, "count": 1_234},
    }
    fields = {"kind": "folds", "status": "ready"} | fields
    return run.evaluations.create(skill=run.skill, metrics=metrics, **fields)


def test_the_accuracy_is_of_the_live_version_and_says_on_what(
    browser: Client, skill: Skill, alice: Any
) -> None:
    def told() -> str:
        cell = browser.get("/").text.partition('class="skill-row-accuracy">')[2]
        return " ".join(re.sub("<.*?>", " ", cell.partition("</td>")[0]).split())

    assert told() == "not measured"
    old = run_of(skill, Status.READY)
    result_of(old, 0.3)
    live = run_of(skill, Status.READY)
    held = run_of(skill, Status.READY)
    TrainingRun.objects.filter(pk=held.pk).update(gate=TrainingRun.Gate.HELD)
    result_of(held, 0.9)
    result_of(live, 0.2, kind="curve")
    result_of(live, 0.2, status="failed")
    assert told() == "not measured"
    result_of(live, 0.5)
    assert told() == "DNN 50.0 % MaxEnt-CRF 25.0 % Version 2, 1,234 samples held back"
    kept, gone = (skill.annotation_sets.create(name=name) for name in ("<Said>", "Gone"))
    result_of(live, 0.6, kind="annotations", annotation_set=kept)
    last = result_of(live, 0.8, kind="annotations", annotation_set=kept)
    result_of(live, 0.1, kind="annotations", annotation_set=gone)
    gone.deleted_at = timezone.now()
    gone.save()
    result_of(live, 0.5)
    # The newest on a set, even if samples were held back after it.
    wanted = "DNN 80.0 % MaxEnt-CRF 40.0 % Version 2, 1,234 annotations of &lt;Said&gt;"
    assert told() == wanted
    assert reverse("evaluation", args=[last.pk]) in browser.get("/").text
    create_skill(alice, name="Another", locale="en-US")
    assert "not measured" in browser.get("/").text


def test_own_and_shared_skills_are_one_list(
    browser: Client, many: list[Skill], alice: Any, bob: Any, charlie: Any, api: Any
) -> None:
    """Every third is bob's and shared, one of charlie's is not, and pages cut anywhere."""
    for skill in many[::3]:
        skill.memberships.create(user=alice, user_name="alice", role="viewer")
        skill.memberships.create(user=charlie, user_name="charlie", role="viewer")
    Skill.objects.filter(pk__in=[skill.pk for skill in many[::3]]).update(owner=bob)
    create_skill(charlie, name="Not shared", locale="en-US")
    invited = create_skill(charlie, name="Not accepted", locale="en-US")
    invited.memberships.create(user_name="alice", role="editor")
    page, seen = browser.get("/"), []
    while True:
        seen.append(shown(page))
        if "next" not in links(page):
            break
        page = browser.get(f"/{links(page)['next']}")
    assert sum(seen, []) == [f"Skill {number:02}" for number in reversed(range(45))]
    assert shown(browser.get(f"/{links(page)['prev']}")) == seen[1]
    listed, address = [], "/api/v1/skills?page_size=7"
    while address:
        answer = api.get(address).json()
        listed += [found["name"] for found in answer["results"]]
        address = answer["next"]
    assert listed == sum(seen, [])
    back = api.get(api.get(api.get("/api/v1/skills?page_size=7").json()["next"]).json()["previous"])
    assert [found["name"] for found in back.json()["results"]] == listed[:7]


def test_without_own_skills_the_shared_ones_are_listed(
    skill: Skill, bob: Any, browser_of: Callable[[Any], Client]
) -> None:
    skill.memberships.create(user=bob, user_name="bob", role="viewer")
    assert shown(browser_of(bob).get("/")) == ["Tiny kitchen"]
    assert shown(browser_of(bob).get("/", {"q": "tiny", "status": "draft"})) == ["Tiny kitchen"]


def in_truth() -> set[tuple[Any, ...]]:
    """Return what the lists of all users should hold, from skills, members and builds alone."""
    skills = Skill.objects.prefetch_related("memberships")
    builds = last_builds(skills)
    return {
        (user, skill.pk, skill.updated_at, skill.locale, word, skill.search_text)
        for skill in skills
        for word in [builds[skill.pk][0] if skill.pk in builds else "draft"]
        for user in {skill.owner_id, *(one.user_id for one in skill.memberships.all())} - {None}
    }


def in_lists() -> set[tuple[Any, ...]]:
    fields = ("user", "skill", "updated_at", "locale", "status", "search_text")
    return set(ListedSkill.objects.values_list(*fields))


def test_the_lists_follow_whatever_happens_to_skills_people_and_builds(
    alice: Any, bob: Any, charlie: Any
) -> None:
    one, two = (create_skill(alice, name=name, locale="en-US") for name in ("One", "Two"))
    people.accept(people.invite(one, "bob", "viewer"), bob)
    joined = people.invite(one, "charlie", "editor")
    assert len(in_lists()) == 3 and in_lists() == in_truth()
    people.accept(joined, charlie)
    assert len(in_lists()) == 4 and in_lists() == in_truth()
    editing.set_fields(one, one, editing.stamp(one), name="Another", locale="de-DE")
    assert in_lists() == in_truth()
    people.transfer(one, one.memberships.get(user=bob))
    assert len(in_lists()) == 4 and in_lists() == in_truth()
    people.leave(one, charlie)
    run = run_of(one, Status.READY)
    assert {row[0] for row in in_lists() if row[4] == "ready"} == {alice.pk, bob.pk}
    TrainingRun.objects.filter(pk=run.pk).update(status=Status.CANCELLED)
    assert in_lists() == in_truth()
    run_of(one, Status.FAILED).delete()
    run_of(two, Status.QUEUED)
    assert in_lists() == in_truth()
    put_away(Skill.objects.get(pk=one.pk))
    assert len(in_lists()) == 1 and in_lists() == in_truth()
    restore(bob, one.slug)
    assert len(in_lists()) == 3 and in_lists() == in_truth()
    put_away(two)
    delete_for_good(alice, two.slug)
    alice.delete()
    assert {row[0] for row in in_lists()} == {bob.pk} and in_lists() == in_truth()


def test_an_update_lists_the_skills_that_were_there_before_it(
    skill: Skill, alice: Any, bob: Any
) -> None:
    skill.memberships.create(user=bob, user_name="bob", role="viewer")
    run_of(create_skill(alice, name="Other", locale="de-DE"), Status.CANCELLED)
    put_away(create_skill(alice, name="Gone", locale="de-DE"))
    migration = import_module("skillbuilder.authoring.migrations.0013_listed_skills")
    ListedSkill.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(migration.LIST)
    assert len(in_lists()) == 3 and in_lists() == in_truth()


@pytest.mark.parametrize("runs", [["cancelled", "ready"], ["cancelled", "failed"], ["failed"]])
def test_an_update_gives_a_skill_the_status_of_its_builds(skill: Skill, runs: list[str]) -> None:
    for status in reversed(runs):
        run_of(skill, status)
    migration = import_module("skillbuilder.training.migrations.0011_status_of_skills")
    assert migration.status_of(runs) == Skill.objects.get().status
    ListedSkill.objects.update(status="draft")
    migration.note(apps, None)
    assert in_lists() == in_truth()
