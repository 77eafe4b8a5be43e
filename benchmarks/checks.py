"""How long the checks of a large skill take: python -m benchmarks.checks [SAMPLES]

5,000 samples must be checked in under two seconds; one line says how long it took.
"""

from __future__ import annotations

import random
import sys
import time

from nlu_engine.checks import checks
from nlu_engine.interaction_model import Intent, InteractionModel, Slot, SlotType, SlotValue

_OPENINGS = ("please", "could you", "i want to", "i would like to", "can you", "let us", "go and")
_VERBS = ("order", "buy", "cancel", "change", "find", "show", "play", "stop", "book", "call")
_ADJECTIVES = ("large", "cheap", "quick", "early", "late", "fresh", "nice", "small", "second")
_NOUNS = (
    *("pizza", "movie", "song", "table", "flight", "train", "hotel", "room", "light", "alarm"),
    *("timer", "meeting", "message", "recipe", "game", "story", "car", "ticket", "drink", "dog"),
)
_ENDINGS = ("", "for {when}", "in {place}", "with {extra}", "right now", "at my home", "once more")


def large_skill(sample_count: int, seed: int = 0) -> InteractionModel:
    """Return a skill of 50 intents with ``sample_count`` different samples and 2,000 values."""
    draw = random.Random(seed)
    texts: dict[str, None] = {}
    while len(texts) < sample_count:
        parts = (_OPENINGS, _VERBS, ("the", "a"), _ADJECTIVES, _NOUNS, _ENDINGS)
        texts[" ".join(draw.choice(part) for part in parts).strip()] = None
    slots = (Slot("when", "AMAZON.DATE"), Slot("place", "Place"), Slot("extra", "Extra"))
    # The same verb and noun in one intent, as in a real skill, with some in the wrong one.
    homes = {(verb, noun): draw.randrange(50) for verb in _VERBS for noun in _NOUNS}
    samples: list[list[str]] = [[] for _ in range(50)]
    for text in texts:
        words = set(text.split())
        home = next(of for (verb, noun), of in homes.items() if {verb, noun} <= words)
        samples[home if draw.random() < 0.98 else draw.randrange(50)].append(text)
    values = tuple(
        SlotValue(f"{a} {noun} {n}") for a in _ADJECTIVES for noun in _NOUNS for n in "abcde"
    )
    types = (SlotType("Place", values), SlotType("Extra", values))
    intents = tuple(
        Intent(f"Intent_{chr(65 + n // 26)}{chr(65 + n % 26)}", slots, tuple(found))
        for n, found in enumerate(samples)
    )
    return InteractionModel("big skill", intents, types)


def main(sample_count: int) -> None:
    """Measure once cold, as after a start, and then the best of three."""
    model = large_skill(sample_count)
    seconds = []
    for _ in range(4):
        began = time.perf_counter()
        found = checks(model, "en-US")
        seconds.append(time.perf_counter() - began)
    print(
        f"{sample_count:,} samples: {len(found):,} checks in {min(seconds[1:]):.2f} s, "
        f"the first time, with the embeddings loaded, in {seconds[0]:.2f} s"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
