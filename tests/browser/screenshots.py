"""Make the pictures of the documentation anew.

    python -m tests.browser.screenshots [FOLDER [NAME...]]

Runs the application, makes the skill of pictured.py in it, which trains for minutes, and writes
docs/images/NAME.webp. With a FOLDER the data stays there, so that the next time the pictures, or
some of them, are taken without training anything.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django
from playwright.sync_api import Browser, Page

from tests.browser.driving import Complaints, chromium, new_page, sign_in
from tests.browser.pictured import SLUG, prepare
from tests.running_app import ROOT, RunningApp, running_app

IMAGES = ROOT / "docs" / "images"
UTTERANCE = "could you get me two huge pizzas with mushrooms and olives"
QUALITY = 0.82
PATIENCE = 120_000
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 1.5}
TALL = {"viewport": {"width": 1200, "height": 960}}
_TO_WEBP = """async ([png, quality]) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext("2d").drawImage(image, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/webp", quality });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
}"""

Picture = Callable[[Page, str], Any]
PICTURES: dict[str, tuple[Picture, dict[str, Any]]] = {}


def picture(name: str, **options: Any) -> Callable[[Picture], Picture]:
    """Take a picture ``name`` of what the function leaves on the page; ``options`` of its context.

    The function gets a page on which alice is signed in and the address of the skill, "…/".
    """

    def register(take: Picture) -> Picture:
        PICTURES[name] = (take, options)
        return take

    return register


def main(arguments: list[str]) -> None:
    """Take all pictures, or those that are named."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skillbuilder.settings")
    django.setup()
    with ExitStack() as stack:
        temporary = (
            arguments[0] if arguments else stack.enter_context(tempfile.TemporaryDirectory())
        )
        folder = Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        # Whoever trains for pictures has time.
        app = stack.enter_context(running_app(folder, TRAINING_LEASE_SECONDS="120"))
        browser = stack.enter_context(chromium())
        page = new_page(browser, Complaints())
        page.set_default_timeout(PATIENCE)
        sign_in(page, app)
        if not (folder / "prepared").exists():
            prepare(page, app)
            (folder / "prepared").touch()
        take_all(browser, app, page.context.storage_state(), arguments[1:] or list(PICTURES))


def take_all(browser: Browser, app: RunningApp, state: Any, names: list[str]) -> None:
    """Take the pictures ``names``, signed in by ``state``."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    skill = f"{app.url}/skills/{SLUG}/"
    for name in names:
        take, options = PICTURES[name]
        defaults = {"viewport": {"width": 1200, "height": 760}, "reduced_motion": "reduce"}
        page = new_page(browser, Complaints(), **defaults | {"storage_state": state} | options)
        page.set_default_timeout(PATIENCE)
        take(page, skill)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(300)
        image = page.screenshot(animations="disabled", caret="hide")
        page.context.close()
        write(browser, image, IMAGES / f"{name}.webp")


def write(browser: Browser, image: bytes, path: Path) -> None:
    """Write a PNG image as WebP, a quarter of the size."""
    page = browser.new_page()
    content = page.evaluate(_TO_WEBP, [base64.b64encode(image).decode(), QUALITY])
    page.close()
    path.write_bytes(base64.b64decode(content))
    sys.stdout.write(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes\n")


def show(page: Page, locator: Any, gap: int = 16) -> None:
    """Scroll so that what ``locator`` names is at the top of the picture."""
    locator.first.evaluate(
        "(one, gap) => window.scrollTo(0, one.getBoundingClientRect().top + scrollY - gap)", gap
    )


def section(page: Page, heading: str) -> Any:
    """Return the card with that heading."""
    return page.locator("section.card", has=page.get_by_role("heading", name=heading))


def open_first(page: Page, skill: str, kind: str) -> None:
    """Open the first intent ("intents") or slot type ("types")."""
    page.goto(skill)
    page.locator(f"section[aria-labelledby={kind}-title] a.object-row").first.click()


def open_type(page: Page, skill: str, name: str) -> None:
    """Open the slot type of that name."""
    page.goto(skill)
    page.locator("section[aria-labelledby=types-title]").get_by_role("link", name=name).click()


# --- Writing a skill ----------------------------------------------------------------------


@picture("skills")
def skills(page: Page, skill: str) -> None:
    page.goto(skill.partition("/skills/")[0])


@picture("new-skill")
def new_skill(page: Page, skill: str) -> None:
    page.goto(skill.partition("/skills/")[0] + "/skills/new?start=blank")
    page.locator("#id_name").fill("Plant care")
    page.locator("[name=invocation_name]").fill("Plant Care 2000!")
    page.locator("#invocation-name-check li").first.wait_for()


@picture("overview")
def overview(page: Page, skill: str) -> None:
    page.goto(skill)


@picture("intent")
def intent(page: Page, skill: str) -> None:
    open_first(page, skill, "intents")
    field = page.locator("#new-sample")
    field.fill("send {four|quantity} large pizzas over")
    field.evaluate(
        "field => { const at = field.value.indexOf('large'); field.focus();"
        " field.setSelectionRange(at, at + 5); }"
    )


@picture("samples-at-once")
def samples_at_once(page: Page, skill: str) -> None:
    open_first(page, skill, "intents")
    page.locator("#new-sample").press_sequentially("(get|bring) me [some] {topping} (pizza|pie)")
    page.wait_for_timeout(1_500)


@picture("slot-type")
def slot_type(page: Page, skill: str) -> None:
    open_type(page, skill, "Topping")


@picture("catalog")
def catalog(page: Page, skill: str) -> None:
    page.goto(skill.partition("/skills/")[0] + "/catalogs")
    if not page.get_by_role("link", name="Soft drinks").count():
        share_list(page, skill)
    page.get_by_role("link", name="Soft drinks").first.click()
    page.get_by_role("heading", name="1 skill uses it").wait_for()


def share_list(page: Page, skill: str) -> None:
    """Make a catalog and take a slot type's values from it."""
    page.get_by_label("Name").fill("Soft drinks")
    page.get_by_role("button", name="Create").click()
    lines = ["value,id,synonyms", "cola,COLA,coke", "lemonade,LEMON", "iced tea,TEA,ice tea",
             "sparkling water,FIZZ,soda,mineral water", "orange juice,OJ"]  # fmt: skip
    for count in (4, 5):
        page.get_by_label("its text").fill("\n".join(lines[: count + 1]))
        page.get_by_role("button", name="Review changes").click()
        page.get_by_role("button", name="Store version").click()
        page.get_by_text("was stored").wait_for()
        if count == 4:
            address = page.url
            open_type(page, skill, "Drink")
            page.get_by_text("Take the values from a catalog").click()
            page.get_by_role("button", name="Take this version").click()
            page.get_by_text("These are the values of the catalog").wait_for()
            page.goto(address)
    page.goto(skill.partition("/skills/")[0] + "/catalogs")


@picture("bin")
def bin_(page: Page, skill: str) -> None:
    home = skill.partition("/skills/")[0]
    page.goto(f"{home}/bin")
    if not page.get_by_role("button", name="Restore").count():
        for name in ("Weather on Mars", "Smart lights, first try"):
            page.goto(f"{home}/skills/new")
            page.locator("#id_name").fill(name)
            page.get_by_role("button", name="Create the skill").click()
            page.get_by_role("heading", name="Builder checklist").wait_for()
            page.goto(f"{page.url}delete")
            page.get_by_role("button", name="Put it into the bin").click()
            page.get_by_text("is in the bin").wait_for()
    page.goto(f"{home}/bin")


@picture("slot-dialog")
def slot_dialog(page: Page, skill: str) -> None:
    open_first(page, skill, "intents")
    page.get_by_role("link", name="dialog of size").first.click()


@picture("checks")
def checks(page: Page, skill: str) -> None:
    page.goto(f"{skill}checks")


@picture("json")
def json_editor(page: Page, skill: str) -> None:
    page.goto(f"{skill}json")
    field = page.get_by_label("Interaction model as JSON")
    text = field.input_value().replace('"i want a pizza"', '"i want a pizza?"')
    field.fill(text.replace('"order a {topping} pizza"', '"order a {toping} pizza"'))
    page.get_by_text("2 problems in the document").wait_for()
    page.get_by_role("link", name="Line").first.click()
    show(page, page.get_by_text("2 problems in the document"), 150)


@picture("versions")
def versions(page: Page, skill: str) -> None:
    page.goto(f"{skill}versions?old=1&new=2")


@picture("history")
def history(page: Page, skill: str) -> None:
    page.goto(f"{skill}history")


@picture("people")
def people(page: Page, skill: str) -> None:
    page.goto(f"{skill}people")


@picture("words", **TALL)
def words(page: Page, skill: str) -> None:
    page.goto(f"{skill}words?word=enormous")
    show(page, page.locator("#picture-title"), 60)


# --- Talking to it ------------------------------------------------------------------------


def say(page: Page, skill: str, text: str) -> None:
    """Parse ``text`` in the console."""
    page.goto(f"{skill}console")
    page.get_by_label("Utterance", exact=True).fill(text)
    page.keyboard.press("Enter")
    page.locator(".verdict").wait_for()


@picture("console", **TALL)
def console(page: Page, skill: str) -> None:
    say(page, skill, UTTERANCE)


@picture("console-dark", color_scheme="dark", **TALL)
def console_dark(page: Page, skill: str) -> None:
    say(page, skill, UTTERANCE)


@picture("console-phone", **PHONE)
def console_phone(page: Page, skill: str) -> None:
    say(page, skill, UTTERANCE)


@picture("why", **TALL)
def why(page: Page, skill: str) -> None:
    say(page, skill, UTTERANCE)
    for summary in page.get_by_text("Why?").all():
        summary.click()
    page.get_by_text("Word by word").last.wait_for()
    show(page, page.get_by_text("Why?"))


@picture("many")
def many(page: Page, skill: str) -> None:
    page.goto(f"{skill}console/many")
    lines = ["hold the onions", "two pies with eggplant", "a large cola", "is the driver lost",
             "what do i owe you", "no more cheese for me"]  # fmt: skip
    page.get_by_label("Utterances, one a line").fill("\n".join(lines))
    page.get_by_role("button", name="Parse them all").click()
    page.locator(".many-table tbody").first.wait_for()
    show(page, page.locator(".many-table"))


@picture("dialogue")
def dialogue(page: Page, skill: str) -> None:
    page.goto(f"{skill}dialogue")
    for text in ("i want a pizza", "a large one"):
        page.locator("#answer").fill(text)
        page.keyboard.press("Enter")
        page.locator(".bubble", has_text=text).wait_for()
        page.wait_for_timeout(2_000)


@picture("log")
def log(page: Page, skill: str) -> None:
    page.goto(f"{skill}log")


# --- Measuring it -------------------------------------------------------------------------


def open_set(page: Page, skill: str) -> None:
    """Open the annotation set."""
    page.goto(f"{skill}annotation-sets")
    page.get_by_role("link", name="What customers say").click()
    page.get_by_role("heading", name="Annotations").wait_for()


def open_results(page: Page, skill: str) -> None:
    """Open the newest results on the annotation set."""
    open_set(page, skill)
    page.locator(".set-values").first.click()
    page.get_by_role("heading", name="By intent").wait_for()


@picture("annotations")
def annotations(page: Page, skill: str) -> None:
    open_set(page, skill)
    show(page, section(page, "Annotations"))


@picture("results")
def results(page: Page, skill: str) -> None:
    open_results(page, skill)


@picture("results-phone", color_scheme="dark", **PHONE)
def results_phone(page: Page, skill: str) -> None:
    open_results(page, skill)
    show(page, page.locator("#rows-title"))


@picture("failing")
def failing(page: Page, skill: str) -> None:
    open_results(page, skill)
    show(page, page.locator("#rows-title"), 40)


@picture("over-versions")
def over_versions(page: Page, skill: str) -> None:
    open_set(page, skill)


@picture("quality")
def quality(page: Page, skill: str) -> None:
    page.goto(f"{skill}annotation-sets")


@picture("learning-curve")
def learning_curve(page: Page, skill: str) -> None:
    page.goto(f"{skill}annotation-sets")
    page.get_by_role("link", name="Learning curve").click()


@picture("calibration", color_scheme="dark")
def calibration(page: Page, skill: str) -> None:
    open_results(page, skill)
    page.get_by_role("link", name="Calibration and threshold").click()
    page.locator("[data-chart-box] canvas").wait_for()


if __name__ == "__main__":
    main(sys.argv[1:])
