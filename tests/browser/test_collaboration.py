"""A skill that two people share, and what was removed from it comes back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driving import Complaints, create_from_template, new_page, sign_in
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


def invite(page: Page, skill: str, name: str) -> None:
    """Invite the user of that name to look and test."""
    page.goto(f"{skill}people")
    page.get_by_label("User name to invite").fill(name)
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("invited, not accepted yet")).to_be_visible()


def test_a_viewer_looks_and_tests_but_changes_nothing(
    app: RunningApp, browser: Browser, page: Page, complaints: Complaints
) -> None:
    app.make_user("bob")
    skill = create_from_template(page, app, "Pizza ordering", "Shared pizza")
    invite(page, skill, "bob")
    other = new_page(browser, complaints)
    sign_in(other, app, "bob")
    expect(other.get_by_text("Shared pizza").first).to_be_visible()
    other.get_by_role("button", name="Accept").click()
    other.goto(skill)
    expect(other.get_by_role("note")).to_contain_text("You may look and test")
    expect(other.get_by_role("button", name="Build")).to_have_count(0)
    other.locator("section[aria-labelledby=intents-title] a.object-row").first.click()
    expect(other.locator(".row-text").first).to_be_visible()
    expect(other.get_by_label("New sample utterance")).to_be_hidden()
    expect(other.get_by_role("button", name=re.compile("Add|Remove|Save"))).to_have_count(0)
    expect(other.get_by_role("link", name=re.compile("^New"))).to_have_count(0)
    other.goto(f"{skill}console")
    expect(other.get_by_role("heading", name="Build the skill, then talk")).to_be_visible()
    # As an editor bob changes it, which is told; then it is his.
    role = page.get_by_label("Role of bob")
    page.goto(f"{skill}people")
    role.select_option("editor")
    page.get_by_role("button", name="Change the role of bob").press("Enter")
    expect(page.locator(".badge", has_text="editor")).to_be_visible()
    other.goto(skill)
    other.locator("section[aria-labelledby=intents-title] a.object-row").first.press("Enter")
    other.get_by_label("New sample utterance").fill("bob was here")
    other.get_by_label("New sample utterance").press("Enter")
    expect(other.locator(".row-text").first).to_have_text("bob was here")
    page.goto(f"{skill}history")
    expect(page.locator("section.card", has_text="bob was here")).to_contain_text("bob")
    page.goto(f"{skill}people")
    page.get_by_role("link", name="Make owner… bob").press("Enter")
    page.get_by_role("button", name="Hand over").press("Enter")
    expect(page.get_by_text("owner").first).to_be_visible()
    other.goto(f"{skill}settings")
    expect(other.get_by_text("You are its owner")).to_be_visible()
    other.context.close()


def test_a_deleted_intent_comes_back_from_the_history(app: RunningApp, page: Page) -> None:
    skill = create_from_template(page, app, "Pizza ordering", "Lost and found")
    page.locator("section[aria-labelledby=intents-title] a.object-row").first.click()
    page.get_by_label("New sample utterance").wait_for()
    intent = page.locator("nav .breadcrumb-item.active").inner_text()
    page.goto(f"{page.url}delete")
    page.get_by_role("button", name="Delete").click()
    page.goto(f"{skill}history")
    page.get_by_role("button", name=f"Restore {intent}").click()
    expect(page.get_by_text(f"{intent} is back.")).to_be_visible()
