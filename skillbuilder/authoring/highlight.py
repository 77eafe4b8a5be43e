"""Slots in colour: the same name has the same colour on every page of a skill."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from nlu_engine.frames import SlotSpan
from nlu_engine.templates import TemplateError, parse_template
from skillbuilder.authoring.models import Skill, Slot

COLORS = 12
"""How many slot colours static/app.css has: the classes slot-0 to slot-11."""


@dataclass(frozen=True)
class Piece:
    """A stretch of text; ``slot`` is "" outside slots, ``color`` its colour's number.

    ``is_literal``: an author marked these very words, so the name of the slot is shown too.
    """

    text: str
    slot: str = ""
    color: int = 0
    is_literal: bool = False


class SlotColors(dict[str, int]):
    """Slot name -> number of its colour; a name that is new to the skill gets one too."""

    def __missing__(self, name: str) -> int:
        return zlib.crc32(name.encode()) % COLORS


def slot_colors(skill: Skill) -> SlotColors:
    """Return the colours of all slots of ``skill``, in the order in which they were made."""
    names = Slot.objects.filter(intent__skill=skill).order_by("pk").values_list("name", flat=True)
    return SlotColors({name: number % COLORS for number, name in enumerate(dict.fromkeys(names))})


def sample_pieces(text: str, colors: SlotColors) -> list[Piece]:
    """Return the pieces of a sample utterance; one plain piece where its braces are wrong."""
    try:
        chunks = parse_template(text)
    except TemplateError:
        return [Piece(text)]
    return [
        Piece(chunk.text or chunk.slot, chunk.slot, colors[chunk.slot], bool(chunk.text))
        if chunk.slot
        else Piece(chunk.text)
        for chunk in chunks
    ]


def utterance_pieces(utterance: str, slots: Iterable[SlotSpan], colors: SlotColors) -> list[Piece]:
    """Return the pieces of a parsed utterance; together they are the whole utterance."""
    pieces, end = [], 0
    for slot in sorted(slots, key=lambda slot: slot.start):
        pieces.append(Piece(utterance[end : slot.start]))
        pieces.append(Piece(utterance[slot.start : slot.end], slot.name, colors[slot.name]))
        end = slot.end
    pieces.append(Piece(utterance[end:]))
    return [piece for piece in pieces if piece.text]
