"""No page keeps anybody out: axe-core finds nothing serious, in both themes and on a phone.

The pages come from the URL map, so a new one cannot be forgotten here.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from skillbuilder.authoring import urls as authoring
from skillbuilder.console import urls as console
from skillbuilder.training import urls as training
from tests.browser.axe import grave_violations
from tests.browser.driving import Complaints, create_from_template
from tests.browser.evaluated import evaluate_skill
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.timeout(600)]

PAGES = {
    "skill-list": ["/", "/?q=nothing+like+it"],
    "skill-create": [f"/skills/new?start={start}" for start in ("template", "json", "blank")],
    "token-list": ["/tokens"],
    "skill-bin": ["/bin"],
    "bin-delete": ["/bin/thrown-away/delete"],
    "serving": ["/serving"],
    "account-settings": ["/account"],
    "skill-detail": [""],
    "skill-words": ["words?word=enormous"],
    "skill-settings": ["settings"],
    "skill-delete": ["delete"],
    "skill-history": ["history"],
    "skill-people": ["people"],
    "skill-transfer": ["people/1/transfer"],
    "skill-json": ["json"],
    "check-list": ["checks"],
    "intent-detail": ["intents/1/"],
    "intent-delete": ["intents/1/delete"],
    "slot-type-detail": ["slot-types/1/"],
    "slot-type-delete": ["slot-types/1/delete"],
    "skill-build": ["builds"],
    "skill-versions": ["versions"],
    "skill-console": ["console"],
    "console-many": ["console/many"],
    "console-history": ["console/history"],
    "skill-log": ["log"],
    "skill-dialogue": ["dialogue"],
    "samples-import": ["samples"],
    "intent-transfer": ["intents/1/transfer"],
    "intent-dialog": ["intents/1/dialog"],
    "value-list": ["slot-types/1/csv"],
    "slot-settings": ["intents/1/slots/1/settings"],
    "annotation-set-list": ["annotation-sets"],
    "catalog-list": ["/catalogs"],
    "catalog": ["/catalogs/1/"],
    "catalog-delete": ["/catalogs/1/delete"],
    "annotation-set": ["annotation-sets/1/"],
    "annotation-set-delete": ["annotation-sets/1/delete"],
    "evaluation": [
        "/evaluations/1/",
        "/evaluations/1/?parser=maxent_crf&show=failing",
        "/evaluations/2/",
    ],
    "evaluation-calibration": ["/evaluations/1/calibration"],
}
"""The addresses by the name of their pattern; those without a slash at first are of a skill."""
ELSEWHERE = {"login"}
NO_PAGES = {
    "annotation-add",
    "annotation-create",
    "annotation-delete",
    "annotation-edit",
    "annotation-mark",
    "annotation-set-download",
    "annotation-set-fill",
    "annotation-set-problems",
    "annotation-set-settings",
    "bin-restore",
    "build-controls",
    "catalog-download",
    "catalog-rename",
    "catalog-upload",
    "change-restore",
    "change-undo",
    "check-badge",
    "skill-problems",
    "check-dismiss",
    "check-fix",
    "check-restore",
    "checklist-hide",
    "console-drawer",
    "console-lesson",
    "console-teach",
    "console-why",
    "evaluation-cancel",
    "evaluation-export",
    "evaluation-start",
    "intent-checks",
    "intent-create",
    "intent-rename",
    "invitation-answer",
    "invocation-name-check",
    "log-review",
    "log-settings",
    "logout",
    "member-remove",
    "member-role",
    "quality-start",
    "run-cancel",
    "run-release",
    "run-status",
    "sample-create",
    "sample-delete",
    "sample-download",
    "sample-edit",
    "sample-mark",
    "sample-review",
    "samples-chosen",
    "samples-download",
    "samples-import-review",
    "skill-json-check",
    "skill-json-download",
    "skill-leave",
    "skill-templates",
    "slot-create",
    "slot-delete",
    "slot-rename",
    "slot-retype",
    "slot-type-catalog",
    "slot-type-checks",
    "slot-type-create",
    "slot-type-rename",
    "token-revoke",
    "type-settings",
    "type-settings-try",
    "value-create",
    "value-delete",
    "value-edit",
    "value-list-download",
    "values-create",
    "version-name",
    "version-restore",
}
"""What answers a form, a script or with a piece of one of the pages."""
MAKE_STAFF = "from django.contrib.auth.models import User; User.objects.update(is_staff=True)"
"""Some pages are for staff alone."""
PHONE, TABLET, DESK = (
    ViewportSize(width=width, height=height)
    for width, height in ((360, 740), (768, 900), (1280, 860))
)


def test_each_address_is_a_page_that_is_looked_at_or_none() -> None:
    patterns = [*authoring.urlpatterns, *training.urlpatterns, *console.urlpatterns]
    assert {pattern.name for pattern in patterns} == PAGES.keys() | ELSEWHERE | NO_PAGES


@pytest.fixture
def addresses(page: Page, app: RunningApp) -> list[str]:
    """Return all pages; those of a skill with content, a member and a history, and of a bin."""
    page.goto(f"{create_from_template(page, app, 'Smart lights', 'Thrown away')}delete")
    page.get_by_role("button", name="Put it into the bin").click()
    page.get_by_text("Thrown away is in the bin.").wait_for()
    skill = create_from_template(page, app, "Pizza ordering", "X" * 100)
    known = {}
    app.run(MAKE_STAFF)
    for section, part in (("intents-title", "intents"), ("types-title", "slot-types")):
        page.goto(skill)
        page.locator(f"section[aria-labelledby={section}] a.object-row").first.click()
        page.locator("h2").first.wait_for()
        known[f"{part}/1/"] = page.url.removeprefix(skill)
    page.goto(f"{skill}{known['intents/1/']}")
    page.get_by_label("New sample utterance").fill("a pizza for the history")
    page.keyboard.press("Enter")
    page.get_by_text("a pizza for the history").first.wait_for()
    known["/catalogs/1/"] = catalog_of(page, app)
    known["people/1/transfer"] = f"people/{member_of(page, app, skill)}/transfer"
    page.goto(f"{skill}{known['intents/1/']}")
    slot = page.get_by_role("link", name="dialog of").first.get_attribute("href")
    known["intents/1/slots/1/settings"] = str(slot).removeprefix(skill.removeprefix(app.url))
    keys = evaluate_skill(app, skill.rstrip("/").rpartition("/")[2])
    known["annotation-sets/1/"] = f"annotation-sets/{keys['set']}/"
    for number, name in enumerate(("evaluation", "curve"), start=1):
        known[f"/evaluations/{number}/"] = f"/evaluations/{keys[name]}/"
    parts = [part for pages in PAGES.values() for part in pages]
    # The longest first, for one may begin like another.
    for short, real in sorted(known.items(), key=lambda one: -len(one[0])):
        parts = [part.replace(short, real) for part in parts]
    return [app.url + part if part.startswith("/") else skill + part for part in parts]


def catalog_of(page: Page, app: RunningApp) -> str:
    """Make a catalog of one version and return the path of its page."""
    page.goto(f"{app.url}/catalogs")
    page.get_by_label("Name").fill("Crusts")
    page.get_by_role("button", name="Create").click()
    page.get_by_label("its text").fill("value,id,synonyms\nthin,T,crispy\nthick")
    page.get_by_role("button", name="Review changes").click()
    page.get_by_role("button", name="Store version 1").click()
    page.get_by_text("Version 1 was stored").wait_for()
    return page.url.removeprefix(app.url)


def member_of(page: Page, app: RunningApp, skill: str) -> int:
    """Make carol a member of the skill and return the key of her membership."""
    app.make_user("carol")
    page.goto(f"{skill}people")
    page.get_by_label("User name to invite").fill("carol")
    page.get_by_role("button", name="Invite").click()
    page.get_by_text("invited, not accepted yet").wait_for()
    code = (
        "from skillbuilder.authoring.models import *; from skillbuilder.authoring.people import *;"
        "one = Membership.objects.get(user_name='carol');"
        "accept(one, User.objects.get(username='carol')); print(one.pk)"
    )
    return int(app.run(code))


def test_no_page_has_a_serious_violation_or_is_wider_than_the_screen(
    page: Page, app: RunningApp, complaints: Complaints, addresses: list[str]
) -> None:
    found = []
    for address in [*addresses, f"{app.url}/nothing", f"{app.url}/login"]:
        if address.endswith("/login"):
            page.context.clear_cookies()
        page.set_viewport_size(DESK)
        # Colours that are still on their way from light to dark are nobody's.
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.goto(address)
        # What is folded is read too.
        page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
        found += [f"{address}: {one}" for one in grave_violations(page)]
        for screen in (TABLET, PHONE):
            page.set_viewport_size(screen)
            if page.evaluate("document.documentElement.scrollWidth") > screen["width"]:
                found.append(f"{address} is wider than {screen['width']} px")
        page.emulate_media(color_scheme="dark")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        found += [f"dark on a phone {address}: {one}" for one in grave_violations(page)]
    assert not found, "\n".join(found)


def test_what_axe_finds_is_told(page: Page, app: RunningApp) -> None:
    page.goto(f"{app.url}/")
    page.evaluate("document.querySelector('main').innerHTML = '<input><img src=\"/x.png\">'")
    assert {one.partition(" ")[0] for one in grave_violations(page)} >= {"label", "image-alt"}
