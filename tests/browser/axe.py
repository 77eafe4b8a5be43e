"""What axe-core finds on a page that keeps people out of it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

_SCRIPT = (Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js").read_text()
_RUN = """async () => {
    const found = await axe.run(document, {resultTypes: ['violations'], preload: false});
    return found.violations.map(({id, impact, help, nodes}) => ({
        id, impact, help, nodes: nodes.slice(0, 4).map((node) => node.html.slice(0, 160)),
    }));
}"""


def grave_violations(page: Page) -> list[str]:
    """Return the serious and critical violations on ``page``, with the first places of each."""
    # Evaluated and not put into the page, whose policy lets no script in.
    if not page.evaluate("'axe' in window"):
        page.evaluate(_SCRIPT)
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {one['nodes']}"
        for one in page.evaluate(_RUN)
        if one["impact"] in ("serious", "critical")
    ]
