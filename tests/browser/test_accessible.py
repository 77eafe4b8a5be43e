"""No page keeps anybody out: axe-core finds nothing serious, in both themes and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import grave_violations
from tests.browser.driving import Complaints, create_from_template, new_page
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

OF_A_SKILL = (
    "",
    "console",
    "builds",
    "words?word=enormous",
    "json",
    "settings",
    "delete",
)
SCREENS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
    "dark phone": {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
}


@pytest.fixture
def addresses(page: Page, app: RunningApp) -> list[str]:
    """Return the main pages, those of a skill with content among them."""
    skill = create_from_template(page, app, "Pizza ordering", "Accessible pizza")
    parts = []
    for section in ("intents-title", "types-title"):
        page.goto(skill)
        page.locator(f"section[aria-labelledby={section}] a.object-row").first.click()
        page.locator("h2").first.wait_for()
        parts += [page.url, f"{page.url}delete"]
    home = [f"{app.url}/", f"{app.url}/?q=nothing+like+it", f"{app.url}/tokens"]
    new = [f"{app.url}/skills/new?start={start}" for start in ("template", "json", "blank")]
    return [*home, *new, *parts, *(skill + part for part in OF_A_SKILL), f"{app.url}/nothing"]


def test_no_page_has_a_serious_violation(
    page: Page, app: RunningApp, browser: Browser, complaints: Complaints, addresses: list[str]
) -> None:
    state = page.context.storage_state()
    found = []
    for screen, options in SCREENS.items():
        tab = new_page(browser, complaints, storage_state=state, **options)
        for address in addresses:
            tab.goto(address)
            # What is folded is read too.
            tab.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
            found += [f"{screen} {address}: {one}" for one in grave_violations(tab)]
        tab.context.close()
    stranger = new_page(browser, complaints)
    stranger.goto(f"{app.url}/login")
    found += grave_violations(stranger)
    stranger.context.close()
    assert not found, "\n".join(found)


def test_what_axe_finds_is_told(page: Page, app: RunningApp) -> None:
    page.goto(f"{app.url}/")
    page.evaluate("document.querySelector('main').innerHTML = '<input><img src=\"/x.png\">'")
    assert {one.partition(" ")[0] for one in grave_violations(page)} >= {"label", "image-alt"}
