"""Measure both parsers on labelled sets and put the tables into the README.

    python -m benchmarks.accuracy FOLDER --sets snips10 snips70 [--tiers quick full]
        [--seeds 0 1 2] [--jobs 1] [--readme]

FOLDER holds one folder a set, each with train.jsonl.gz and test.jsonl.gz. Of "banking77@10" ten
samples an intent are drawn from its training set, others for each seed. Every figure
comes from ``python -m nlu_engine compare``; the results are kept in docs/accuracy.json, by
set and tier, so that what was measured before stays in the tables.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from random import Random
from statistics import mean
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "accuracy.json"
README = ROOT / "README.md"
TRAIN = "train.jsonl.gz"
TIERS = ("quick", "full")
LOCALES = {"xsid-de": "de-DE"}
SMALL = 500
"""Training utterances of the largest set that counts as small."""
ACCURACIES = ("intent_accuracy", "slot_f1", "frame_accuracy")
REJECTION = ("in_scope_accuracy", "out_of_scope_recall")
Runs = Sequence[dict[str, Any]]
Results = dict[str, dict[str, list[dict[str, Any]]]]
"""Set -> tier -> what compare returned, one a seed."""


class Job(NamedTuple):
    """One compare: a set, a tier and a seed."""

    name: str
    tier: str
    seed: int


def main() -> None:
    """Measure what was asked for, then print the tables and, if asked, put them in the README."""
    options = _arguments()
    results = load_results(RESULTS)
    measure(_jobs(options), options.folder, results, workers=options.jobs)
    tables = {"accuracy": table(results), "rejection": rejection_table(results)}
    print("\n\n".join(filter(None, tables.values())))
    if options.readme:
        update_readme(tables)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="*", default=[])
    parser.add_argument("--tiers", nargs="+", choices=TIERS, default=list(TIERS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=1, help="compares that run at a time")
    parser.add_argument("--readme", action="store_true")
    return parser.parse_args()


def _jobs(options: argparse.Namespace) -> list[Job]:
    return [
        Job(name, tier, seed)
        for name in options.sets
        for tier in options.tiers
        for seed in options.seeds
    ]


def load_results(path: Path) -> Results:
    """Return the results kept at ``path``; none where it is missing or of the old format."""
    if not path.exists():
        return {}
    results: Results = json.loads(path.read_text())
    return {} if any(isinstance(tiers, list) for tiers in results.values()) else results


def measure(jobs: Sequence[Job], folder: Path, results: Results, *, workers: int = 1) -> None:
    """Run ``jobs``, several at a time; put each into ``results`` and save it when it is done.

    Earlier runs of the same set and tier go: they may be another engine's. A compare that
    fails does not stop the others; its error is raised when all are done.
    """
    for job in jobs:
        results.setdefault(job.name, {})[job.tier] = []
    keep = partial(_measure, folder=folder, results=results, lock=Lock())
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(keep, job) for job in jobs]
        try:
            for future in as_completed(futures):
                future.exception()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for future in futures:
        future.result()


def _measure(job: Job, *, folder: Path, results: Results, lock: Lock) -> None:
    started = time.monotonic()
    name, _, few = job.name.partition("@")
    with TemporaryDirectory() as aside:
        train = folder / name / TRAIN
        if few:
            train = drawn(train, int(few), job.seed, Path(aside))
        run = compare(train, folder / name / "test.jsonl.gz", job)
    with lock:
        runs = results[job.name][job.tier]
        runs.append(run)
        runs.sort(key=lambda one: one["seed"])
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        frames = " and ".join(f"{run['parsers'][p]['frame_accuracy']:.1%}" for p in run["parsers"])
        print(
            f"{job.name}, {job.tier}, seed {job.seed}: frames of {' and '.join(run['parsers'])} "
            f"{frames}, after {time.monotonic() - started:.0f} s",
            file=sys.stderr,
            flush=True,
        )


def drawn(train: Path, few: int, seed: int, folder: Path) -> Path:
    """Write ``few`` random samples of each intent of ``train`` into ``folder``; return the file."""
    with gzip.open(train, "rt") as file:
        lines = file.readlines()
    Random(seed).shuffle(lines)
    taken: Counter[str] = Counter()
    with gzip.open(folder / TRAIN, "wt") as file:
        for line in lines:
            intent = json.loads(line)["intent"]
            taken[intent] += 1
            if taken[intent] <= few:
                file.write(line)
    return folder / TRAIN


def compare(train: Path, test: Path, job: Job) -> dict[str, Any]:
    """Run ``python -m nlu_engine compare`` and return the object that it prints."""
    command = [sys.executable, "-m", "nlu_engine", "compare", "--json"]
    command += ["--tier", job.tier, "--seed", str(job.seed)]
    command += ["--locale", LOCALES.get(job.name, "en-US")]
    command += ["--train", str(train), "--test", str(test)]
    # Times are of one core, and jobs share the cores better with a thread each.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def table(results: Results) -> str:
    """Return the markdown table: one row a set, means over its seeds."""
    measures = "intent / slot F1 / frame"
    lines = [
        f"| set | train / test | MaxEnt-CRF {measures} | DNN quick {measures} "
        f"| DNN full {measures} | frame gain quick | frame gain full "
        "| calibration error MaxEnt-CRF / quick / full |",
        "|---|---|---|---|---|---|---|---|",
    ]
    measured = _measured(results)
    rows = [_row(name, tiers) for name, tiers in measured.items()]
    return "\n".join([*lines, *rows, *_mean_rows(measured)])


def _mean_rows(measured: Mapping[str, Mapping[str, Runs]]) -> list[str]:
    """Return the mean gains over the small sets and over all; none where there is but one set."""
    every = list(measured.values())
    small = [tiers for tiers in every if _first(tiers)["train_size"] <= SMALL]
    means = [
        (f"*mean of the {len(small)} sets of up to {SMALL} samples*", small),
        (f"*mean of all {len(every)} sets*", every),
    ]
    return [
        f"| {name} | | | | | {' | '.join(_mean_gain(sets, tier) for tier in TIERS)} | |"
        for name, sets in means
        if len(sets) > 1
    ]


def _mean_gain(sets: Sequence[Mapping[str, Runs]], tier: str) -> str:
    gains = [_gain(tiers.get(tier, ())) for tiers in sets]
    known = [gain for gain in gains if gain is not None]
    return _percents(mean(known) if len(known) == len(gains) else None)


def rejection_table(results: Results) -> str:
    """Return the table of how well out of scope is told; empty if no set has such utterances."""
    rows = [
        " | ".join([f"| {name} ({_seeds(tiers)})", *_shares_of_all(tiers, REJECTION)]) + " |"
        for name, tiers in _measured(results).items()
        if any(_means(runs, "neural").get(REJECTION[0]) is not None for runs in tiers.values())
    ]
    measures = "in-scope accuracy / out-of-scope recall"
    lines = [
        f"| set | MaxEnt-CRF {measures} | DNN quick {measures} | DNN full {measures} |",
        "|---|---|---|---|",
    ]
    return "\n".join(lines + rows) if rows else ""


def _measured(results: Results) -> dict[str, dict[str, Runs]]:
    """Return the sets that were measured, with the tiers that were, in their order."""
    found: dict[str, dict[str, Runs]] = {
        name: {tier: tiers[tier] for tier in TIERS if tiers.get(tier)}
        for name, tiers in results.items()
    }
    return {name: tiers for name, tiers in found.items() if tiers}


def _row(name: str, tiers: Mapping[str, Runs]) -> str:
    first = _first(tiers)
    cells = [
        f"{name} ({_seeds(tiers)})",
        f"{first['train_size']:,} / {first['test_size']:,}",
        *_shares_of_all(tiers, ACCURACIES),
        *(_percents(_gain(tiers.get(tier, ()))) for tier in TIERS),
        " / ".join(_shares_of_all(tiers, ("calibration_error",))),
    ]
    return f"| {' | '.join(cells)} |"


def _first(tiers: Mapping[str, Runs]) -> dict[str, Any]:
    return next(iter(tiers.values()))[0]


def _seeds(tiers: Mapping[str, Runs]) -> str:
    """Return the seeds that were run, tier by tier where they differ."""
    seeds = {tier: ", ".join(str(run["seed"]) for run in runs) for tier, runs in tiers.items()}
    if len(set(seeds.values())) == 1:
        return f"seed {next(iter(seeds.values()))}"
    return "; ".join(f"{tier}: seed {numbers}" for tier, numbers in seeds.items())


def _shares_of_all(tiers: Mapping[str, Runs], keys: Sequence[str]) -> list[str]:
    """Return the shares of the baseline, the quick and the full DNN.

    The baseline is the same in the runs of both tiers; those of the last tier are shown.
    """
    baseline = _shares(_means(list(tiers.values())[-1], "maxent_crf"), keys)
    return [baseline, *(_shares(_means(tiers.get(tier, ()), "neural"), keys) for tier in TIERS)]


def _gain(runs: Runs) -> float | None:
    """Return how many more frames than the baseline, as a share of its, the DNN gets right."""
    base, frames = (_means(runs, one).get("frame_accuracy") for one in ("maxent_crf", "neural"))
    return None if frames is None or not base else frames / base - 1


def _percents(gain: float | None) -> str:
    return "-" if gain is None else f"{gain:+.0%}"


def _means(runs: Runs, parser: str) -> dict[str, float | None]:
    """Return the mean of each measure over ``runs``; None where one of them has none."""
    measured = [run["parsers"][parser] for run in runs]
    values = {key: [one.get(key) for one in measured] for key in (measured[0] if runs else ())}
    return {key: None if None in found else mean(found) for key, found in values.items()}


def _shares(measured: Mapping[str, float | None], keys: Sequence[str]) -> str:
    shares = [measured.get(key) for key in keys]
    if all(share is None for share in shares):
        return "-"
    return " / ".join("-" if share is None else f"{100 * share:.1f}" for share in shares)


def update_readme(tables: Mapping[str, str]) -> None:
    """Put each table between the marks of its name in the README; say which has none."""
    text = README.read_text()
    for name, content in tables.items():
        if f"<!-- table:{name} -->" not in text:
            print(f"README.md has no mark <!-- table:{name} -->: not put in.", file=sys.stderr)
        text = with_table(text, name, content)
    README.write_text(text)


def with_table(text: str, name: str, content: str) -> str:
    """Return ``text`` with ``content`` between the marks of table ``name``, if it has them."""
    # Not past the next table's mark: an end mark that was lost must not cost another table.
    inside = r"(?:(?!<!-- table:).)*?"
    marks = rf"(<!-- table:{re.escape(name)} -->\n){inside}(<!-- /table -->)"
    return re.sub(marks, lambda found: f"{found[1]}{content}\n{found[2]}", text, flags=re.DOTALL)


if __name__ == "__main__":
    main()
