"""Template tags that every page uses: icons, and text with its slots in colour."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince

from skillbuilder.authoring import history
from skillbuilder.authoring.highlight import Piece, SlotColors, sample_pieces
from skillbuilder.authoring.models import Change, Intent, Preferences
from skillbuilder.authoring.people import invitations_of

register = template.Library()

_SLOT_NAME = '<span class="slot-name"><span class="visually-hidden"> as </span>{}</span>'
_ALERTS = {"error": "danger", "warning": "warning", "success": "success"}


@cache
def _drawing(name: str) -> SafeString:
    """Return what is inside the <svg> element of the vendored icon ``name``."""
    folder = Path(settings.BASE_DIR) / "static" / "vendor" / "tabler-icons-3.51.0"
    text = (folder / f"{name}.svg").read_text(encoding="utf-8")
    inside = text.partition(">")[2].rpartition("</svg>")[0]
    return mark_safe(" ".join(inside.split()))  # noqa: S308 - our own vendored file


# A page of results has more than a hundred.
@register.simple_tag
@cache
def icon(name: str, classes: str = "") -> SafeString:
    """Return the icon ``name`` as inline SVG; decoration only, so hidden from readers."""
    return format_html(
        '<svg class="icon {}" viewBox="0 0 24 24" width="24" height="24" fill="none" '
        'stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" '
        'aria-hidden="true" focusable="false">{}</svg>',
        classes,
        _drawing(name),
    )


@register.inclusion_tag("authoring/_invitations.html", takes_context=True)
def invitations(context: dict[str, Any]) -> dict[str, Any]:
    """Show what the user is invited to, each to be accepted or declined."""
    user = context["request"].user
    return {"invitations": invitations_of(user), "csrf_token": context.get("csrf_token")}


@register.simple_tag
def console_key(user: Any) -> str:
    """Return the key that opens the console for ``user``, "" where single keys do nothing."""
    if not user.is_authenticated:
        return ""
    # A page asks more than once.
    if not hasattr(user, "_console_key"):
        chosen = Preferences.objects.filter(user=user).values_list("console_key", flat=True)
        user._console_key = next(iter(chosen), Preferences.CONSOLE_KEY)
    return str(user._console_key)


@register.filter
def ago(moment: datetime) -> str:
    """Return "5 minutes ago", "just now" within the first."""
    passed = timesince(moment)
    return "just now" if passed.startswith("0") else f"{passed} ago"


@register.filter
def alert_class(level: str) -> str:
    """Return the colour of an alert for the level of a message."""
    return _ALERTS.get(level, "info")


@register.filter
def undo_pk(message: Message) -> str:
    """Return the key of the change that the button of ``message`` takes back, or ""."""
    return message.extra_tags.partition(" ")[2] if message.extra_tags else ""


@register.filter
def told(change: Change) -> str:
    """Return in a few words what ``change`` did."""
    return history.told(change)


@register.simple_tag
def in_colour(pieces: Iterable[Piece]) -> SafeString:
    """Return the pieces of an utterance, its slots as coloured chips."""
    # Not by a template: pages show a hundred of them.
    inside = format_html_join("", "{}", ((_in_colour(piece),) for piece in pieces))
    return format_html('<bdi class="utterance" dir="auto">{}</bdi>', inside)


def _in_colour(piece: Piece) -> str:
    if not piece.slot:
        return piece.text
    title = format_html(' title="{}"', piece.slot) if piece.text != piece.slot else ""
    name = format_html(_SLOT_NAME, piece.slot) if piece.is_literal else ""
    chip = '<span class="slot slot-{}"{}>{}{}</span>'
    return format_html(chip, piece.color, title, piece.text, name)


@register.simple_tag
def sample_text(text: str, colors: SlotColors) -> SafeString:
    """Return a sample utterance with its {slots} as coloured chips."""
    return in_colour(sample_pieces(text, colors))


@register.inclusion_tag("_slot_chip.html")
def slot_chip(name: str, colors: SlotColors) -> dict[str, object]:
    """Show the name of a slot in its colour."""
    return {"name": name, "color": colors[name]}


@register.filter
def percent(fraction: float) -> str:
    """Return 0.8734 as "87.3 %"; never "100.0 %" for less than certainty."""
    shown = min(fraction * 100, 99.9) if fraction < 1 else 100
    return f"{shown:.1f} %"


@register.filter
def share(fraction: float | None) -> str:
    """Return a share as ``percent`` has it, and a dash where there is none."""
    return "–" if fraction is None else percent(fraction)


@register.filter
def thousands(number: int) -> str:
    """Return 50000 as "50,000"."""
    return f"{number:,}"


@register.filter
def get(mapping: dict[object, object], key: object) -> object:
    """Return ``mapping[key]``, or None."""
    return mapping.get(key)


@register.filter
def builtin_only(intents: Iterable[Intent]) -> list[Intent]:
    """Return the AMAZON.* ones of ``intents``."""
    return [intent for intent in intents if intent.is_builtin]
