"""How long the resolution of a slot's words takes.

    python -m benchmarks.resolution [--rounds 20]

Resolves all values that samples are filled with, for each built-in slot type that has rules
and two lists, in each language; prints milliseconds a text. Nothing is trained.
"""

from __future__ import annotations

import argparse
import statistics
import time
from datetime import UTC, datetime

from nlu_engine.builtins import sample_values
from nlu_engine.resolution import RULED_TYPES, resolve_builtin

TYPES = [*sorted(RULED_TYPES), "AMAZON.City", "AMAZON.Country"]
LANGUAGES = ["en-US", "de-DE", "es-ES", "fr-FR", "it-IT", "pt-BR", "nl-NL", "hi-IN", "ja-JP"]
REFERENCE = datetime(2026, 11, 24, 12, tzinfo=UTC)


def measure(slot_type: str, locale: str, rounds: int) -> tuple[list[float], int, int]:
    """Return milliseconds a text, how many texts there are, and how many resolve."""
    texts = sample_values(slot_type, locale)
    resolved = sum(resolve_builtin(slot_type, t, locale, REFERENCE) is not None for t in texts)
    milliseconds = []
    for _ in range(rounds):
        for text in texts:
            started = time.perf_counter()
            resolve_builtin(slot_type, text, locale, REFERENCE)
            milliseconds.append((time.perf_counter() - started) * 1000)
    return milliseconds, len(texts), resolved


def main() -> None:
    """Print a table: type, texts, share that resolves, median and 99th percentile."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    print(f"{'slot type':<26}{'texts':>6}{'resolve':>9}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    for slot_type in TYPES:
        found: list[float] = []
        texts = resolved = 0
        for locale in LANGUAGES:
            milliseconds, count, known = measure(slot_type, locale, rounds)
            found += milliseconds
            texts, resolved = texts + count, resolved + known
        p99 = statistics.quantiles(found, n=100)[98]
        print(
            f"{slot_type:<26}{texts:>6}{resolved / texts:>9.1%}"
            f"{statistics.median(found):>9.3f}{p99:>9.3f}{max(found):>9.3f}"
        )


if __name__ == "__main__":
    main()
