"""Measures over pairs of frames, checked by hand."""

from __future__ import annotations

import pytest

from nlu_engine.frames import Frame, SlotSpan
from nlu_engine.metrics import frame_accuracy, intent_accuracy, slot_f1


def frame(intent: str, *spans: tuple[str, int, int]) -> Frame:
    return Frame(intent, tuple(SlotSpan(name, start, end, "x") for name, start, end in spans))


SAME = (frame("A", ("s", 0, 3)), frame("A", ("s", 0, 3)))
OTHER_INTENT = (frame("A", ("s", 0, 3)), frame("B", ("s", 0, 3)))
OTHER_NAME = (frame("A", ("s", 0, 3)), frame("A", ("t", 0, 3)))
SHORTER = (frame("A", ("s", 0, 3), ("t", 4, 9)), frame("A", ("s", 0, 3), ("t", 4, 8)))
MISSED = (frame("A", ("s", 0, 3)), frame("A"))
INVENTED = (frame("A"), frame("A", ("s", 0, 3)))
EMPTY = (frame("A"), frame("A"))


def test_intent_accuracy() -> None:
    assert intent_accuracy([SAME, OTHER_INTENT, MISSED, EMPTY]) == 0.75


def test_frame_accuracy_wants_the_intent_and_every_span() -> None:
    assert frame_accuracy([SAME]) == frame_accuracy([EMPTY]) == 1.0
    for pair in (OTHER_INTENT, OTHER_NAME, SHORTER, MISSED, INVENTED):
        assert frame_accuracy([pair]) == 0.0
    assert frame_accuracy([SAME, MISSED]) == 0.5


def test_slot_f1_is_strict_and_micro() -> None:
    assert slot_f1([SAME]) == 1.0
    assert slot_f1([OTHER_INTENT]) == 1.0, "whatever the intent"
    assert slot_f1([OTHER_NAME]) == slot_f1([MISSED]) == slot_f1([INVENTED]) == 0.0
    assert slot_f1([SHORTER]) == 0.5
    # 2 right of 3 found and 4 expected: precision 2/3, recall 1/2.
    assert slot_f1([SAME, SHORTER, MISSED]) == pytest.approx(4 / 7)


def test_without_slots_there_is_no_slot_f1() -> None:
    assert slot_f1([EMPTY, EMPTY]) is None
    assert slot_f1([]) is None


def test_values_do_not_count() -> None:
    said = Frame("A", (SlotSpan("s", 0, 3, "big", value="large"),))
    meant = Frame("A", (SlotSpan("s", 0, 3, "big"),))
    assert frame_accuracy([(meant, said)]) == 1.0


def test_no_pairs_are_nothing_to_measure() -> None:
    for measure in (intent_accuracy, frame_accuracy):
        with pytest.raises(ValueError, match="no pairs"):
            measure([])
