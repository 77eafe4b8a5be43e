"""What changed between two interaction models, in the words of people who write them.

A text diff of two documents says which lines differ; this says that a sample utterance was
moved to another intent, that a slot has another type, that a value lost a synonym.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Any, Literal, NamedTuple, TypeVar

from nlu_engine.documents import shown, shown_text
from nlu_engine.interaction_model import Intent, InteractionModel, Slot, SlotType, SlotValue
from nlu_engine.utterances import normalize

Kind = Literal["added", "removed", "changed", "renamed", "moved"]
Item = TypeVar("Item")
_UNEDITED = "keys that are not edited here"


class Difference(NamedTuple):
    """One thing that differs.

    ``what`` is "invocation name", "intent", "slot", "sample", "slot type", "value", "order" or
    "other" (what we keep, but do not edit). ``within`` is the intent or slot type that it is
    part of, "" for the skill itself; of a moved sample the one that it is in now. ``before``
    and ``after`` are texts to show: of a moved sample the two intents, of a changed one the two
    samples, of what was renamed the two names.
    """

    kind: Kind
    what: str
    within: str
    name: str
    before: str = ""
    after: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return self._asdict()

    def __str__(self) -> str:
        place = f" of {self.within}" if self.within and self.within != self.name else ""
        sides = " -> ".join(text for text in (self.before, self.after) if text)
        return f"{self.kind} {self.what} {self.name!r}{place}{': ' if sides else ''}{sides}"


def differences(old: InteractionModel, new: InteractionModel) -> list[Difference]:
    """Return what makes ``new`` of ``old``: first of the skill, then by intent and slot type.

    Empty exactly if both are the same document.
    """
    if old == new:
        return []
    found: list[Difference] = []
    if old.invocation_name != new.invocation_name:
        sides = (old.invocation_name, new.invocation_name)
        found.append(_sides("invocation name", "", "invocation name", *sides))
    found += _order("", "intents", old.intents, new.intents, lambda intent: intent.name)
    found += _order("", "slot types", old.slot_types, new.slot_types, lambda type_: type_.name)
    found += _with_rewritten(_with_moves(_intents(old, new)))
    found += _slot_types(old, new)
    if (old.extra, old.layout) != (new.extra, new.layout):
        found.append(Difference("changed", "other", "", "dialog, prompts or other parts"))
    if not found and old.to_json() != new.to_json():
        found.append(Difference("changed", "other", "", "how the document is written"))
    return found


def _intents(old: InteractionModel, new: InteractionModel) -> Iterator[Difference]:
    renamed = _renamed(old.intents, new.intents, _intent_content, _intent_parts)
    types = _renamed_types(old, new)
    before = _keyed(old.intents, lambda intent: renamed.get(intent.name, intent.name))
    after = _keyed(new.intents, _name)
    for key in after | before:
        yield from _intent(before.get(key), after.get(key), key[0], types)


def _intent(
    old: Intent | None, new: Intent | None, name: str, types: dict[str, str]
) -> Iterator[Difference]:
    yield from _whole("intent", name, old, new)
    before, after = old or Intent(name), new or Intent(name)
    renamed = _renamed_slots(before, after)
    before = _with_new_names(before, after, renamed, types)
    slots = _keyed(before.slots, _name), _keyed(after.slots, _name)
    yield from _renames("slot", name, renamed)
    yield from _parts("slot", name, *slots, _slot_text)
    yield from _samples(before.samples, after.samples, name)
    yield from _order(name, "slots", before.slots, after.slots, _name)
    yield from _order(name, "sample utterances", before.samples, after.samples, str)
    if old and new and old.extra != new.extra:
        yield Difference("changed", "other", name, _UNEDITED)


def _with_new_names(
    old: Intent, new: Intent, slots: dict[str, str], types: dict[str, str]
) -> Intent:
    """Return ``old`` with the new names of slots and types, which are told once and not again."""
    now = {slot.name: slot.type for slot in new.slots}

    def with_name(slot: Slot) -> Slot:
        name = slots.get(slot.name, slot.name)
        type_ = types.get(slot.type, slot.type)
        type_ = type_ if type_ == now.get(name) else slot.type
        samples = tuple(_mentioning(text, slots) for text in slot.samples)
        return replace(slot, name=name, type=type_, samples=samples)

    samples = tuple(_mentioning(text, slots) for text in old.samples)
    return replace(old, slots=tuple(map(with_name, old.slots)), samples=samples)


_MENTION = re.compile(r"(\{(?:[^{}|]*\|)?\s*)([^{}|]*?)(\s*\})")


def _mentioning(sample: str, slots: dict[str, str]) -> str:
    """Return ``sample`` with the new names of its slots."""
    if not slots:
        return sample
    return _MENTION.sub(lambda one: one[1] + slots.get(one[2], one[2]) + one[3], sample)


def _renames(what: str, within: str, renamed: dict[str, str]) -> Iterator[Difference]:
    for old, new in renamed.items():
        yield Difference("renamed", what, within, new, old, new)


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
            one = one._replace(kind="moved", before=source.within, after=one.within)
        moved.append(one)
    return [one for one in moved if id(one) not in gone]


def _with_rewritten(found: list[Difference]) -> list[Difference]:
    """Make one of a sample that an intent lost and one with most of its words that it got."""
    samples: dict[str, dict[str, dict[str, Counter[str]]]] = {}
    for one in found:
        if one.what == "sample" and one.kind in ("removed", "added"):
            sides = samples.setdefault(one.within, {"removed": {}, "added": {}})
            sides[one.kind][one.name] = Counter(normalize(one.name).split())
    changed = {
        (intent, new): old
        for intent, sides in samples.items()
        if max(map(len, sides.values())) <= _MOST_COMPARED
        for old, new in _most_alike(sides["removed"], sides["added"]).items()
    }
    gone = Counter((intent, old) for (intent, _), old in changed.items())
    return list(_rewritten(found, changed, gone))


def _rewritten(
    found: list[Difference], changed: dict[tuple[str, str], str], gone: Counter[tuple[str, str]]
) -> Iterator[Difference]:
    for one in found:
        place = (one.within, one.name)
        if one.what == "sample" and one.kind == "removed" and gone[place]:
            gone[place] -= 1
        elif one.what == "sample" and one.kind == "added" and place in changed:
            yield one._replace(kind="changed", before=changed.pop(place), after=one.name)
        else:
            yield one


def _slot_types(old: InteractionModel, new: InteractionModel) -> Iterator[Difference]:
    renamed = _renamed_types(old, new)
    before = _keyed(old.slot_types, lambda slot_type: renamed.get(slot_type.name, slot_type.name))
    after = _keyed(new.slot_types, _name)
    for key in after | before:
        yield from _slot_type(before.get(key), after.get(key), key[0])


def _slot_type(old: SlotType | None, new: SlotType | None, name: str) -> Iterator[Difference]:
    yield from _whole("slot type", name, old, new)
    before, after = old or SlotType(name), new or SlotType(name)
    yield from _ComparedValues(before.values, after.values).told(name)
    if old and new and old.extra != new.extra:
        yield Difference("changed", "other", name, _UNEDITED)


class _ComparedValues:
    """What became of the values of a slot type; told one by one, as far as somebody asks."""

    def __init__(self, old: tuple[SlotValue, ...], new: tuple[SlotValue, ...]) -> None:
        self.renamed = _renamed_values(old, new)
        if self.renamed:
            now = self.renamed
            old = tuple(replace(one, value=now.get(one.value, one.value)) for one in old)
        self.values = old, new
        self.keyed = _keyed(old, _value), _keyed(new, _value)
        before, after = self.keyed
        self.gone = [key for key in before if key not in after]
        self.came = [key for key in after if key not in before]
        self.changed = [key for key in after if key in before and before[key] != after[key]]

    def told(self, name: str) -> Iterator[Difference]:
        yield from _renames("value", name, self.renamed)
        yield from _parts("value", name, *self.keyed, _value_text)
        yield from _order(name, "values", *self.values, _value)


def list_changes(
    old: SlotType, new: SlotType, most: int
) -> tuple[list[Difference], dict[str, int]]:
    """Return the first ``most`` differences of a slot type's values, and how many of each kind.

    Of two lists of 50,000 to tell all takes longer than to find how many there are.
    """
    found = _ComparedValues(old.values, new.values)
    others = [Difference("changed", "other", new.name, _UNEDITED)] if old.extra != new.extra else []
    reordered = len(list(_order(new.name, "values", *found.values, _value)))
    counts = {
        "added": len(found.came),
        "changed": len(found.changed) + reordered + len(others),
        "renamed": len(found.renamed),
        "removed": len(found.gone),
    }
    return list(islice(chain(found.told(new.name), others), most)), counts


def _whole(what: str, name: str, old: Any, new: Any) -> Iterator[Difference]:
    """Yield that an intent or slot type is new, gone, or has another name."""
    if old is None:
        yield Difference("added", what, name, name)
    elif new is None:
        yield Difference("removed", what, name, name)
    elif old.name != new.name:
        yield Difference("renamed", what, name, name, old.name, new.name)


def _parts(
    what: str,
    within: str,
    old: dict[tuple[str, int], Item],
    new: dict[tuple[str, int], Item],
    text: Callable[[Item], str],
) -> Iterator[Difference]:
    for key in (key for key in old if key not in new):
        yield Difference("removed", what, within, key[0], before=text(old[key]))
    for key, item in new.items():
        if key not in old:
            yield Difference("added", what, within, key[0], after=text(item))
        elif old[key] != item:
            before, after = text(old[key]), text(item)
            if before == after:
                before, after = "", _UNEDITED
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
    if not both or before == after:
        return
    # Of a text that stands twice the first counts: more or fewer of it is no other order.
    kept = [list(dict.fromkeys(text for text in side if text in both)) for side in (before, after)]
    if kept[0] != kept[1]:
        yield Difference("changed", "order", within, name)


# --- What has another name ----------------------------------------------------------------

_ALIKE = 0.5
"""An intent or slot type has another name if it has so much of what the two have in common."""
_MOST_COMPARED = 100
"""Of those that are gone or new; of more nobody renamed so many."""
_MOST_SPELLINGS = 5_000
"""Of values that are gone and new without an id in common: such a list is another list."""


def _renamed(
    old: Iterable[Item],
    new: Iterable[Item],
    content: Callable[[Item], Any],
    parts: Callable[[Item], Iterable[str]],
) -> dict[str, str]:
    """Return old name -> new name of what has another name and unmistakably the same in it.

    That is the same ``content``, else most of its ``parts``.
    """
    gone, came = _without_same_names(old, new, _name)
    by_content = {repr(content(item)): item for item in came}
    found: dict[str, str] = {}
    for item in list(gone):
        other = by_content.pop(repr(content(item)), None) if any(content(item)) else None
        if other is not None:
            found[_name(item)] = _name(other)
            gone.remove(item)
            came.remove(other)
    if 0 < len(gone) <= _MOST_COMPARED and 0 < len(came) <= _MOST_COMPARED:
        found |= _most_alike(
            {_name(item): Counter(parts(item)) for item in gone},
            {_name(item): Counter(parts(item)) for item in came},
        )
    return found


def _most_alike(gone: dict[str, Counter[str]], came: dict[str, Counter[str]]) -> dict[str, str]:
    """Return the pairs that have at least half of their parts in common, the most alike first."""
    pairs = [
        (_alike(old, new), one, other) for one, old in gone.items() for other, new in came.items()
    ]
    found: dict[str, str] = {}
    for alike, one, other in sorted(pairs, key=lambda pair: -pair[0]):
        if alike >= _ALIKE and one not in found and other not in found.values():
            found[one] = other
    return found


def _alike(old: Counter[str], new: Counter[str]) -> float:
    most = max(old.total(), new.total())
    return (old & new).total() / most if most else 0.0


def _without_same_names(
    old: Iterable[Item], new: Iterable[Item], name: Callable[[Item], str]
) -> tuple[list[Item], list[Item]]:
    """Return what of ``old`` and what of ``new`` has a name that is not on the other side."""
    before, after = list(old), list(new)
    names = {name(item) for item in before}, {name(item) for item in after}
    gone = [item for item in before if name(item) not in names[1]]
    return gone, [item for item in after if name(item) not in names[0]]


def _intent_content(intent: Intent) -> Any:
    return intent.slots, intent.samples


def _intent_parts(intent: Intent) -> Iterable[str]:
    # A slot that has another name too changes no more than that.
    return (_MENTION.sub("{}", text) for text in intent.samples)


def _renamed_types(old: InteractionModel, new: InteractionModel) -> dict[str, str]:
    def parts(slot_type: SlotType) -> Iterable[str]:
        return (normalize(value.value) for value in slot_type.values)

    return _renamed(old.slot_types, new.slot_types, lambda one: (one.values,), parts)


def _renamed_slots(old: Intent, new: Intent) -> dict[str, str]:
    """Return old name -> new name of slots that are of one type and in the same places."""
    gone, came = _without_same_names(old.slots, new.slots, _name)
    places = {slot.name: _places(old, slot.name) for slot in gone}
    places_now = {slot.name: _places(new, slot.name) for slot in came}
    found: dict[str, str] = {}
    for slot in gone:
        alike = [one for one in came if one.type == slot.type and one.name not in found.values()]
        same = [one for one in alike if places[slot.name] & places_now[one.name]]
        alone = [one for one in gone if one.type == slot.type]
        if fitting := same or (alike if len(alike) == len(alone) == 1 else []):
            found[slot.name] = fitting[0].name
    return found


def _places(intent: Intent, slot: str) -> set[str]:
    """Return the samples of ``intent`` that have ``slot``, with a mark in its place."""
    texts = ((text, _mentioning(text, {slot: "\0"})) for text in intent.samples)
    return {_MENTION.sub(_hidden, marked) for text, marked in texts if marked != text}


def _hidden(mention: re.Match[str]) -> str:
    return "{*}" if mention[2] == "\0" else "{}"


def _renamed_values(old: Iterable[SlotValue], new: Iterable[SlotValue]) -> dict[str, str]:
    """Return old -> new of values with the same id, or else the same words under another name."""
    gone, came = _without_same_names(old, new, _value)
    found: dict[str, str] = {}
    taken: set[str] = set()
    # A list that is all new has nothing to look for, be it of 50,000 values.
    for mark in (_by_id, _by_spelling, _by_synonyms) if gone and came else ():
        if mark is not _by_id and min(len(gone), len(came)) - len(found) > _MOST_SPELLINGS:
            break
        before, after = _unmistakable(gone, mark), _unmistakable(came, mark)
        for key in before.keys() & after.keys():
            one, other = before[key], after[key]
            if one.value not in found and other.value not in taken:
                found[one.value] = other.value
                taken.add(other.value)
        if len(found) == len(gone) or len(taken) == len(came):
            break
    return {one.value: found[one.value] for one in gone if one.value in found}


def _unmistakable(
    values: Iterable[SlotValue], mark: Callable[[SlotValue], Any]
) -> dict[Any, SlotValue]:
    """Return the values by their mark, if they have one and no other value has it."""
    found: dict[Any, SlotValue] = {}
    mistakable = set()
    for value in values:
        if key := mark(value):
            if key in found:
                mistakable.add(key)
            found[key] = value
    for key in mistakable:
        del found[key]
    return found


def _by_id(value: SlotValue) -> Any:
    return value.id


def _by_spelling(value: SlotValue) -> Any:
    return normalize(value.value)


def _by_synonyms(value: SlotValue) -> Any:
    return value.synonyms and frozenset(map(normalize, value.synonyms))


def _name(item: Any) -> str:
    name: str = item.name
    return name


def _value(value: SlotValue) -> str:
    return value.value


def _keyed(items: Iterable[Item], key: Callable[[Item], str]) -> dict[tuple[str, int], Item]:
    """Return the items by name; drafts may say a name twice, so each has its number too."""
    items = list(items)
    once = {(key(item), 0): item for item in items}
    if len(once) == len(items):
        return once
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
    if not value.synonyms and not value.id:
        return ""
    parts = [", ".join(value.synonyms)] if value.synonyms else []
    parts += [f"id {value.id}"] if value.id else []
    return shown_text("; ".join(parts), 400)
