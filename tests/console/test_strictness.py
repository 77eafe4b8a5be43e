"""The pages keep to the content security policy: nothing inline, nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

FORBIDDEN = {
    "inline style": re.compile(r"\sstyle\s*=|<style", re.I),
    "inline handler": re.compile(r"\son\w+\s*=\s*[\"\']|hx-on", re.I),
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)", re.I),
    "eval in htmx": re.compile(r"hx-(vals|headers)=.js:|hx-trigger=\"[^\"]*\[", re.I),
    "foreign address": re.compile(r"(src|href)=\"(https?:)?//", re.I),
}
ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_templates_hold_nothing_inline(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = [what for what, pattern in FORBIDDEN.items() if pattern.search(text)]
    assert found == []


def test_every_page_is_sent_with_the_policy(client: Client, db: None) -> None:
    policy = client.get("/login")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_style_sheets_and_scripts_load_nothing_from_elsewhere() -> None:
    own = [ROOT / "static" / name for name in ("app.css", "app.js", "theme.js")]
    for path in [*own, *sorted((ROOT / "static" / "vendor").rglob("*.css"))]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(@import|url\(\s*[\"']?)\s*(https?:)?//", text)
        assert "sourceMappingURL" not in text


def test_each_vendored_package_brings_its_licence() -> None:
    for folder in (ROOT / "static" / "vendor").iterdir():
        if folder.is_dir():
            assert (folder / "LICENSE").is_file()
            assert folder.name in (ROOT / "static" / "vendor" / "README.md").read_text()
