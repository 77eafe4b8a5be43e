"""What changed between two interaction models, in the words of people who write them.

A text diff of two documents says which lines differ; this says that a sample utterance was
moved to another intent, that a slot has another type, that a value lost a synonym.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeVar

from nlu_engine.documents import shown
from nlu_engine.interaction_model import Intent, InteractionModel, Slot, SlotType, SlotValue

Kind = Literal["added", "removed", "changed", "moved"]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Difference:
    """One thing that differs.

    ``what`` is "invocation name", "intent", "slot", "sample", "slot type", "value", "order" or
    "other" (what we keep, but do not edit). ``within`` is the intent or slot type that it is
    part of, "" for the skill itself; of a moved sample the one that it is in now. ``before``
    and ``after`` are texts to show: of a moved sample the two intents.
    """

    kind: Kind
    what: str
    within: str
    name: str
    before: str = ""
    after: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    def __str__(self) -> str:
        place = f" of {self.within}" if self.within and self.within != self.name else ""
        sides = " -> ".join(text for text in (self.before, self.after) if text)
        return f"{self.kind} {self.what} {self.name!r}{place}{': ' if sides else ''}{sides}"


def differences(old: InteractionModel, new: InteractionModel) -> list[Difference]:
    """Return what makes ``new`` of ``old``: first of the skill, then by intent and slot type.

    Empty exactly if both are the same document.
    """
    found: list[Difference] = []
    if old.invocation_name != new.invocation_name:
        sides = (old.invocation_name, new.invocation_name)
        found.append(_sides("invocation name", "", "invocation name", *sides))
    found += _order("", "intents", old.intents, new.intents, lambda intent: intent.name)
    found += _order("", "slot types", old.slot_types, new.slot_types, lambda type_: type_.name)
    found += _with_moves(_intents(old, new))
    found += _slot_types(old, new)
    if (old.extra, old.layout) != (new.extra, new.layout):
        found.append(Difference("changed", "other", "", "dialog, prompts or other parts"))
    if not found and old.to_json() != new.to_json():
        found.append(Difference("changed", "other", "", "how the document is written"))
    return found


def _intents(old: InteractionModel, new: InteractionModel) -> Iterator[Difference]:
    renamed = _renamed(old.intents, new.intents, lambda intent: (intent.slots, intent.samples))
    before = _keyed(old.intents, lambda intent: renamed.get(intent.name, intent.name))
    after = _keyed(new.intents, lambda intent: intent.name)
    for key in after | before:
        yield from _intent(before.get(key), after.get(key), key[0])


def _intent(old: Intent | None, new: Intent | None, name: str) -> Iterator[Difference]:
    yield from _whole("intent", name, old, new)
    before, after = old or Intent(name), new or Intent(name)
    slots = _keyed(before.slots, _name), _keyed(after.slots, _name)
    yield from _parts("slot", name, *slots, _slot_text)
    yield from _samples(before.samples, after.samples, name)
    yield from _order(name, "slots", before.slots, after.slots, _name)
    yield from _order(name, "sample utterances", before.samples, after.samples, str)
    if old and new and old.extra != new.extra:
        yield Difference("changed", "other", name, "keys that are not edited here")


def _samples(old: Iterable[str], new: Iterable[str], intent: str) -> Iterator[Difference]:
    before, after = Counter(old), Counter(new)
    for text in (before - after).elements():
        yield Difference("removed", "sample", intent, text)
    for text in (after - before).elements():
        yield Difference("added", "sample", intent, text)


def _with_moves(found: Iterable[Difference]) -> list[Difference]:
    """Make one of a sample that one intent lost and another got."""
    found = list(found)
    lost: dict[str, list[Difference]] = {}
    for one in found:
        if (one.kind, one.what) == ("removed", "sample"):
            lost.setdefault(one.name, []).append(one)
    gone: set[int] = set()
    moved: list[Difference] = []
    for one in found:
        if (one.kind, one.what) == ("added", "sample") and lost.get(one.name):
            source = lost[one.name].pop(0)
            gone.add(id(source))
            one = replace(one, kind="moved", before=source.within, after=one.within)
        moved.append(one)
    return [one for one in moved if id(one) not in gone]


def _slot_types(old: InteractionModel, new: InteractionModel) -> Iterator[Difference]:
    renamed = _renamed(old.slot_types, new.slot_types, lambda slot_type: slot_type.values)
    before = _keyed(old.slot_types, lambda slot_type: renamed.get(slot_type.name, slot_type.name))
    after = _keyed(new.slot_types, _name)
    for key in after | before:
        yield from _slot_type(before.get(key), after.get(key), key[0])


def _slot_type(old: SlotType | None, new: SlotType | None, name: str) -> Iterator[Difference]:
    yield from _whole("slot type", name, old, new)
    before, after = old or SlotType(name), new or SlotType(name)
    values = _keyed(before.values, _value), _keyed(after.values, _value)
    yield from _parts("value", name, *values, _value_text)
    yield from _order(name, "values", before.values, after.values, _value)
    if old and new and old.extra != new.extra:
        yield Difference("changed", "other", name, "keys that are not edited here")


def _whole(what: str, name: str, old: Any, new: Any) -> Iterator[Difference]:
    """Yield that an intent or slot type is new, gone, or has another name."""
    if old is None:
        yield Difference("added", what, name, name)
    elif new is None:
        yield Difference("removed", what, name, name)
    elif old.name != new.name:
        yield Difference("changed", what, name, name, old.name, new.name)


def _parts(
    what: str,
    within: str,
    old: dict[tuple[str, int], Item],
    new: dict[tuple[str, int], Item],
    text: Callable[[Item], str],
) -> Iterator[Difference]:
    for key in [key for key in old if key not in new]:
        yield Difference("removed", what, within, key[0], before=text(old[key]))
    for key, item in new.items():
        if key not in old:
            yield Difference("added", what, within, key[0], after=text(item))
        elif old[key] != item:
            before, after = text(old[key]), text(item)
            if before == after:
                before, after = "", "keys that are not edited here"
            yield Difference("changed", what, within, key[0], before, after)


def _sides(what: str, within: str, name: str, before: str, after: str) -> Difference:
    kind: Kind = "added" if not before else "changed" if after else "removed"
    return Difference(kind, what, within, name, before, after)


def _order(
    within: str,
    name: str,
    old: Iterable[Item],
    new: Iterable[Item],
    key: Callable[[Item], str],
) -> Iterator[Difference]:
    """Yield that what both sides have comes in another order."""
    before, after = [key(item) for item in old], [key(item) for item in new]
    both = set(before) & set(after)
    # Of a text that stands twice the first counts: more or fewer of it is no other order.
    kept = [list(dict.fromkeys(text for text in side if text in both)) for side in (before, after)]
    if kept[0] != kept[1]:
        yield Difference("changed", "order", within, name)


def _renamed(
    old: Iterable[Item], new: Iterable[Item], content: Callable[[Item], Any]
) -> dict[str, str]:
    """Return old name -> new name of what has another name and the same, unmistakable content."""
    names = {_name(item) for item in old}, {_name(item) for item in new}
    gone = [item for item in old if _name(item) not in names[1] and any(content(item))]
    came = {repr(content(item)): _name(item) for item in new if _name(item) not in names[0]}
    found: dict[str, str] = {}
    for item in gone:
        name = came.pop(repr(content(item)), None)
        if name is not None:
            found[_name(item)] = name
    return found


def _name(item: Any) -> str:
    name: str = item.name
    return name


def _value(value: SlotValue) -> str:
    return value.value


def _keyed(items: Iterable[Item], key: Callable[[Item], str]) -> dict[tuple[str, int], Item]:
    """Return the items by name; drafts may say a name twice, so each has its number too."""
    counts: Counter[str] = Counter()
    found: dict[tuple[str, int], Item] = {}
    for item in items:
        name = key(item)
        found[name, counts[name]] = item
        counts[name] += 1
    return found


def _slot_text(slot: Slot) -> str:
    answers = f", answered by {'; '.join(slot.samples)}" if slot.samples else ""
    return str(shown(slot.type + answers))


def _value_text(value: SlotValue) -> str:
    parts = [", ".join(value.synonyms)] if value.synonyms else []
    parts += [f"id {value.id}"] if value.id else []
    return str(shown("; ".join(parts), 400))
