"""Measure both parsers on labelled sets and put the table into the README.

    python -m benchmarks.accuracy FOLDER --sets snips10 snips70 --seeds 0 1 2 [--readme]

FOLDER holds one folder a set, each with train.jsonl.gz and test.jsonl.gz. Every figure
comes from ``python -m nlu_engine compare``; the results are kept in docs/accuracy.json, so
that a set measured before stays in the table.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "accuracy.json"
README = ROOT / "README.md"
LOCALES = {"xsid-de": "de-DE"}
Results = dict[str, list[dict[str, Any]]]


def main() -> None:
    """Measure what was asked for, then print the table and, if asked, put it in the README."""
    options = _arguments()
    results: Results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in options.sets:
        results[name] = [compare(options.folder / name, name, seed) for seed in options.seeds]
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))
    if options.readme:
        README.write_text(with_table(README.read_text(), table(results)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="*", default=[])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--readme", action="store_true")
    return parser.parse_args()


def compare(folder: Path, name: str, seed: int) -> dict[str, Any]:
    """Run ``python -m nlu_engine compare`` and return the object that it prints."""
    command = [sys.executable, "-m", "nlu_engine", "compare", "--json", "--seed", str(seed)]
    command += ["--locale", LOCALES.get(name, "en-US")]
    for option in ("train", "test"):
        command += [f"--{option}", str(folder / f"{option}.jsonl.gz")]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def table(results: Results) -> str:
    """Return the markdown table: one row a set, means over its seeds."""
    lines = [
        "| set | train / test | MaxEnt-CRF intent / slot F1 / frame | DNN intent / slot F1 / frame "
        "| frame gain | DNN train s | DNN parse ms |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join(lines + [_row(name, runs) for name, runs in results.items()])


def _row(name: str, runs: Sequence[dict[str, Any]]) -> str:
    baseline, neural = (_means(runs, parser) for parser in ("maxent_crf", "neural"))
    gain = neural["frame_accuracy"] / baseline["frame_accuracy"] - 1
    seeds = ", ".join(str(run["seed"]) for run in runs)
    return (
        f"| {name} (seed {seeds}) | {runs[0]['train_size']:,} / {runs[0]['test_size']:,} "
        f"| {_shares(baseline)} | {_shares(neural)} | {gain:+.0%} "
        f"| {neural['train_seconds']:.0f} | {neural['parse_ms_p50']:.1f} |"
    )


def _means(runs: Sequence[dict[str, Any]], parser: str) -> dict[str, Any]:
    measured = [run["parsers"][parser] for run in runs]
    return {
        key: None if measured[0][key] is None else mean(one[key] for one in measured)
        for key in measured[0]
    }


def _shares(measured: dict[str, Any]) -> str:
    keys = ("intent_accuracy", "slot_f1", "frame_accuracy")
    return " / ".join("-" if measured[k] is None else f"{100 * measured[k]:.1f}" for k in keys)


def with_table(text: str, content: str) -> str:
    """Return ``text`` with ``content`` between the marks of the accuracy table."""
    marks = r"(<!-- table:accuracy -->\n).*?(<!-- /table -->)"
    return re.sub(marks, lambda found: f"{found[1]}{content}\n{found[2]}", text, flags=re.DOTALL)


if __name__ == "__main__":
    main()
