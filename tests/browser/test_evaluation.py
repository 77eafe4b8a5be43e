"""An annotation set of 5,000 rows: uploaded, evaluated by a real worker, looked through, edited."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import build, create_from_template
from tests.browser.evaluated import evaluate_skill
from tests.conftest import make_tiny_document
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.timeout(400)]

COUNT = 5_000
# The same words again are parsed once, so that the test costs no minute of the processor.
DIFFERENT = 250
_MAKE_SKILL = """
import json
from django.contrib.auth.models import User
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring.skills import create_skill
model = InteractionModel.from_json(json.loads({document!r}))
owner = User.objects.get(username="alice")
print(create_skill(owner, name="Tested kitchen", locale="en-US", model=model).slug)
"""


def make_skill(app: RunningApp) -> str:
    """Make alice a tiny skill; return its address."""
    code = _MAKE_SKILL.format(document=json.dumps(make_tiny_document()))
    return f"{app.url}/skills/{app.run(code).strip()}"


def annotations() -> bytes:
    """Return COUNT annotations as CSV, every hundredth of which no parser has right."""
    lines = ["utterance,intent"]
    for number in range(COUNT):
        wrong = number % 100 == 0
        intent = "OpeningHours" if wrong else "OrderPizza"
        lines.append(f"i want a {{big|size}} pizza number {number % DIFFERENT},{intent}")
    return "\n".join(lines).encode()


def select_words(page: Page, field: str, words: str) -> None:
    """Select ``words`` in the text of the field, as with the mouse."""
    text = page.locator(field).input_value()
    start = text.index(words)
    page.locator(field).evaluate(
        "(field, [start, end]) => { field.focus(); field.setSelectionRange(start, end); }",
        [start, start + len(words)],
    )


def test_a_large_set_is_evaluated_and_what_fails_is_dealt_with(
    page: Page, app: RunningApp, tmp_path: Path
) -> None:
    skill = make_skill(app)
    page.goto(f"{skill}/builds")
    build(page)

    page.get_by_role("link", name="Evaluate").click()
    page.get_by_label("Name of a new set").fill("Regression")
    broken = {"name": "set.csv", "mimeType": "text/csv", "buffer": b"utterance,intent\nx,\n"}
    page.get_by_label("With the annotations of a file").set_input_files(files=[broken])  # type: ignore[list-item]
    page.get_by_role("button", name="Make the set").click()
    expect(page.locator("#file-problems")).to_contain_text("line 2")
    sound = broken | {"buffer": annotations()}
    page.get_by_label("With the annotations of a file").set_input_files(files=[sound])  # type: ignore[list-item]
    page.get_by_role("button", name="Make the set").click()
    expect(page.get_by_text(f"{COUNT:,} annotations").first).to_be_visible()

    page.get_by_label("Utterance, slots marked").fill("something huge to eat")
    select_words(page, "#new-text", "huge")
    page.keyboard.press("1")
    expect(page.locator("#new-text")).to_have_value("something {huge|size} to eat")
    page.get_by_label("means").select_option("OrderPizza")
    page.get_by_role("button", name="Add annotation").click()
    expect(page.locator(".rows .slot").first).to_contain_text("huge")

    page.get_by_role("button", name="Evaluate Regression").click()
    page.get_by_role("heading", name="By intent").wait_for(timeout=180_000)
    heading = page.locator("#rows-title")
    failed = int(re.sub(r"\D", "", heading.inner_text().split(" of ")[0]))
    assert failed >= COUNT // 100
    page.get_by_label("Expected intent").select_option("OpeningHours")
    page.wait_for_url("**expected=OpeningHours**")
    expect(page.locator(".result-failed")).to_have_count(25)
    with page.expect_download() as download:
        page.get_by_role("link", name="JUnit XML").click()
    download.value.save_as(tmp_path / "junit.xml")
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()  # noqa: S314
    assert (suite.get("tests"), suite.get("failures")) == (str(COUNT + 1), str(failed))

    page.locator(".result-failed").first.get_by_role(
        "button", name="Accept the actual answer"
    ).click()
    expect(page.get_by_role("heading", name="Also accepted")).to_be_visible()

    page.go_back()
    page.get_by_role("link", name="Calibration and threshold").click()
    expect(page.locator("[data-chart-box] canvas")).to_be_visible()
    slider = page.locator("#threshold")
    slider.fill("20")
    expect(page.locator("output[data-threshold-output]").first).to_have_text("100.0 %")
    page.keyboard.press("Home")
    expect(page.locator("[data-threshold-output='4']")).to_have_text("0")


_HOLD_BACK = """
from skillbuilder.training import gate
from skillbuilder.training.models import Evaluation, TrainingRun
run = Evaluation.objects.get(pk={evaluation!r}).run
TrainingRun.objects.filter(pk=run.pk).update(gate="pending")
gate.begin(run)
"""


def test_a_worse_version_is_held_back_and_what_broke_is_shown(page: Page, app: RunningApp) -> None:
    skill = create_from_template(page, app, "Pizza ordering", "Regressing")
    made = evaluate_skill(app, skill.rstrip("/").rpartition("/")[2])
    page.goto(f"{skill}annotation-sets/{made['set']}/")
    page.get_by_label("Frame accuracy a version needs").fill("99")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    app.run(_HOLD_BACK.format(**made))
    page.goto(f"{app.url}/evaluations/{made['evaluation']}/")
    expect(page.get_by_text("Held back: the version before goes on serving.")).to_be_visible()
    expect(page.get_by_text("below the 99.0%").first).to_be_visible()
    broken = page.get_by_label("Since the version before").get_by_role("link", name="broken")
    count = int(re.sub(r"\D", "", broken.inner_text()))
    assert count > 0
    broken.click()
    expect(page.locator(".result")).to_have_count(min(count, 25))
    expect(page.locator(".result .change-broken")).to_have_count(min(count, 25))
    page.get_by_role("button", name="Let it go live anyway").click()
    expect(page.get_by_text("Held back: the version before")).to_have_count(0)

    page.goto(f"{app.url}/evaluations/{made['curve']}/")
    expect(page.locator("[data-chart-box] canvas")).to_be_visible()
    expect(page.get_by_text("Twice as many samples would buy")).to_be_visible()
    expect(page.get_by_role("columnheader", name="More samples here would buy")).to_be_visible()
