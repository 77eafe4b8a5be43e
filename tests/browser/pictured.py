"""The skill that the pictures of the documentation show, made in the running program.

Three sample skills, one of them built twice, evaluated, measured, shared, talked to and edited.
"""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.driving import BUILD_TIMEOUT
from tests.running_app import RunningApp

SLUG = "pizza-ordering"
_IMPORT = """
from django.contrib.auth.models import User
from knox.models import AuthToken
from skillbuilder.console.demo import import_sample_skills
alice = User.objects.get(username="alice")
import_sample_skills(alice)
print(AuthToken.objects.create(alice)[1])
"""
_ACCEPT = """
from django.contrib.auth.models import User
from skillbuilder.authoring.models import Membership
from skillbuilder.authoring.people import accept
accept(Membership.objects.get(user_name="bob"), User.objects.get(username="bob"))
"""
_TALK = """
from django.contrib.auth.models import User
from skillbuilder.console import demo
alice = User.objects.get(username="alice")
demo.try_utterances(alice, demo.first_skill(alice))
"""
_MINUTES = 60_000


def prepare(page: Page, app: RunningApp) -> None:
    """Make everything; ``page`` is alice's. Trains twice and measures, so it takes minutes."""
    token = app.run(_IMPORT).split()[-1]
    skill = f"{app.url}/skills/{SLUG}/"
    build_version(page, skill, 1, "First try")
    teach(app, token)
    set_threshold(page, skill)
    build_version(page, skill, 2, "More ways to track")
    measure(page, skill)
    share(page, app, skill)
    talk(page, app, skill, token)


def build_version(page: Page, skill: str, number: int, name: str) -> None:
    """Build a version, wait until it was evaluated, and name it."""
    page.goto(f"{skill}builds")
    page.locator("#build-controls").get_by_role("button", name="Build").click()
    page.get_by_role("heading", name="Ready").wait_for(timeout=4 * BUILD_TIMEOUT)
    page.goto(f"{skill}annotation-sets")
    page.get_by_role("link", name="What customers say").click()
    for _ in range(100):
        page.reload()
        if page.locator(".object-head .set-values").count() and not has_old(page):
            break
        page.wait_for_timeout(2_000)
    else:
        raise AssertionError(f"version {number} was not evaluated, or is kept from going live")
    page.goto(f"{skill}versions")
    field = page.get_by_label(f"Name of version {number}", exact=True)
    field.fill(name)
    field.press("Enter")
    page.get_by_text("Saved.").wait_for()


def has_old(page: Page) -> bool:
    """Return whether the page of the set shows the result of an older version."""
    return bool(page.locator(".object-head").get_by_text("older").count())


def teach(app: RunningApp, token: str) -> None:
    """Change the skill as somebody would who looked at what failed, and not only for the better."""
    address = f"/api/v1/skills/{SLUG}/interaction-model"
    document = app.request("GET", address, token=token).json
    for intent in document["interactionModel"]["languageModel"]["intents"]:
        if intent["name"] == "TrackOrderIntent":
            intent["samples"] += ["is my order on its way", "has the driver left yet"]
        if intent["name"] == "PriceIntent":
            intent["samples"] = intent["samples"][:-4]
        if intent["name"] == "OrderDrinkIntent":
            intent["samples"] += ["i am thirsty", "Is my order on its way"]
    assert app.request("PUT", address, document, token=token).status == 200


def set_threshold(page: Page, skill: str) -> None:
    """Ask for a frame accuracy below which no version goes live."""
    page.goto(f"{skill}annotation-sets")
    page.get_by_role("link", name="What customers say").click()
    page.get_by_label("Frame accuracy a version needs").fill("50")
    page.locator("section", has=page.locator("#set-settings-title")).get_by_role(
        "button", name="Save"
    ).click()
    page.get_by_text("Saved.").wait_for()


def measure(page: Page, skill: str) -> None:
    """Measure on samples held back, and a learning curve."""
    for button, heading in (("Measure", "By intent"), ("Would more", "Would more samples help?")):
        page.goto(f"{skill}annotation-sets")
        page.get_by_role("button", name=button).click()
        page.get_by_role("heading", name=heading).wait_for(timeout=20 * _MINUTES)


def share(page: Page, app: RunningApp, skill: str) -> None:
    """Invite two people, of whom one accepts."""
    for name in ("bob", "carol"):
        app.make_user(name)
        page.goto(f"{skill}people")
        page.get_by_label("User name to invite").fill(name)
        page.get_by_role("button", name="Invite").click()
        page.get_by_text("invited, not accepted yet").first.wait_for()
    app.run(_ACCEPT)


def talk(page: Page, app: RunningApp, skill: str, token: str) -> None:
    """Say things to the skill, in the console and as a program does, whose parses are kept."""
    from skillbuilder.console import demo

    page.goto(f"{skill}log")
    page.get_by_role("button", name="Switch the parse log on").click()
    page.get_by_role("heading", name="To review").wait_for()
    app.run(_TALK)
    for text in (*demo.MORE_UTTERANCES, demo.FIRST_UTTERANCE):
        path = f"/api/v1/skills/{SLUG}/parse"
        assert app.request("POST", path, {"utterance": text}, token=token).status == 200
