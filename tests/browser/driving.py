"""Headless Chromium, the one of the machine or else Playwright's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.running_app import PASSWORD, USER, RunningApp

_FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
_ENTER = """
from django.contrib.auth.models import User
from django.test import Client
client = Client()
client.force_login(User.objects.get(username={user!r}))
print(client.cookies["sessionid"].value)
"""
TIMEOUT = 30_000
"""For a page, and for what is expected on it: a machine may have other work."""
BUILD_TIMEOUT = 240_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser for the block."""
    # Chromium's sandbox does not work for root.
    flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    own = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=own, args=flags)
        yield browser
        browser.close()


class Complaints(list[str]):
    """What the browser complained of on any page: errors, refusals by the policy."""

    def watch(self, context: BrowserContext) -> None:
        """Note the complaints of all pages of ``context`` from now on."""
        context.on("console", self._note)
        context.on("weberror", lambda error: self.append(f"uncaught: {error.error}"))

    def _note(self, message: ConsoleMessage) -> None:
        # Chromium reports every answer of 4xx; the tests that provoke one look at the page.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.append(f"{message.type}: {message.text}")


def new_page(browser: Browser, complaints: Complaints, **options: Any) -> Page:
    """Return a page of a context of its own."""
    options = {"viewport": {"width": 1280, "height": 860}} | options
    context = browser.new_context(**options)
    context.set_default_timeout(TIMEOUT)
    complaints.watch(context)
    return context.new_page()


def sign_in(page: Page, app: RunningApp, user: str = USER) -> None:
    """Sign in as ``user``: alice, whom every application has, or one that the test made."""
    page.goto(f"{app.url}/login")
    page.get_by_label("User name").fill(user)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{app.url}/")


def enter(page: Page, app: RunningApp, user: str = USER) -> None:
    """Go to the first page as ``user``, without the form, which takes seconds each time."""
    key = app.run(_ENTER.format(user=user)).strip()
    page.context.add_cookies([{"name": "sessionid", "value": key, "url": app.url}])
    page.goto(f"{app.url}/")


def create_from_template(page: Page, app: RunningApp, title: str, name: str) -> str:
    """Make a skill from the template called ``title``; return its address."""
    page.goto(f"{app.url}/skills/new")
    page.get_by_text(title, exact=True).click()
    page.locator("#id_name").fill(name)
    page.get_by_role("button", name="Create the skill").click()
    page.get_by_role("heading", name="Builder checklist").wait_for()
    return page.url


def build(page: Page) -> None:
    """Press Build on a page of a skill and wait until it is ready."""
    page.locator("#build-controls").get_by_role("button", name="Build").click()
    page.get_by_role("heading", name="Ready").wait_for(timeout=BUILD_TIMEOUT)


def paste(page: Page, text: str) -> None:
    """Paste ``text`` into the field that has the focus."""
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData('text/plain', text);
            const event = new ClipboardEvent(
                'paste', {clipboardData: data, bubbles: true, cancelable: true});
            document.activeElement.dispatchEvent(event);
        }""",
        text,
    )
