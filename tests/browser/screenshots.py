"""Make the screenshots of the documentation anew: python -m tests.browser.screenshots

Runs the application, builds the template "Pizza ordering", says something to it and takes
docs/images/console.png and console-dark.png.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import django
from playwright.sync_api import Browser

from tests.browser.driving import (
    Complaints,
    build,
    chromium,
    create_from_template,
    new_page,
    sign_in,
)
from tests.running_app import ROOT, RunningApp, running_app

IMAGES = ROOT / "docs" / "images"
UTTERANCE = "could you get me two huge pizzas with mushrooms and olives"


def main() -> None:
    """Take all screenshots."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skillbuilder.settings")
    django.setup()
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(Path(folder)) as app,
        chromium() as browser,
    ):
        take(browser, app)


def take(browser: Browser, app: RunningApp) -> None:
    """Build the skill, then take the console in both themes."""
    page = new_page(browser, Complaints())
    sign_in(page, app)
    console = create_from_template(page, app, "Pizza ordering", "") + "console"
    build(page)
    state = page.context.storage_state()
    for theme, file in (("light", "console.png"), ("dark", "console-dark.png")):
        page = new_page(
            browser, Complaints(), color_scheme=theme, storage_state=state, device_scale_factor=1.5
        )
        page.goto(console)
        page.get_by_label("Utterance", exact=True).fill(UTTERANCE)
        page.keyboard.press("Enter")
        page.locator(".verdict").wait_for()
        page.screenshot(path=IMAGES / file)


if __name__ == "__main__":
    main()
