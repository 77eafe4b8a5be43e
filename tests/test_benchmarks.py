"""The benchmarks' tables, made of results that nobody measured."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import accuracy, speed

README = """# Title
<!-- table:accuracy -->
old
<!-- /table -->
between
<!-- table:speed -->
<!-- /table -->
"""


def run(seed: int, frame: float, baseline: float = 0.4, **more: float) -> dict[str, Any]:
    measured = {"intent_accuracy": 0.9, "slot_f1": None, "calibration_error": 0.031, **more}
    return {
        "train_size": 1234,
        "test_size": 700,
        "seed": seed,
        "parsers": {
            "neural": {**measured, "frame_accuracy": frame},
            "maxent_crf": {**measured, "frame_accuracy": baseline},
        },
    }


def cells(table: str, row: int = 0) -> list[str]:
    return [cell.strip() for cell in table.splitlines()[2 + row].strip("|").split("|")]


def widths(table: str) -> set[int]:
    return {line.count("|") for line in table.splitlines() if line.startswith("|")}


def test_accuracy_row_has_means_and_gains_of_both_tiers() -> None:
    table = accuracy.table({"toy": {"full": [run(0, 0.8)], "quick": [run(0, 0.6)]}})
    assert cells(table) == [
        "toy (seed 0)",
        "1,234 / 700",
        "90.0 / - / 40.0",
        "90.0 / - / 60.0",
        "90.0 / - / 80.0",
        "+50%",
        "+100%",
        "3.1 / 3.1 / 3.1",
    ]
    assert widths(table) == {9}


def test_accuracy_row_is_the_mean_over_seeds() -> None:
    runs = [run(0, 0.5), run(1, 0.7)]
    found = cells(accuracy.table({"toy": {"quick": runs, "full": runs}}))
    assert found[0] == "toy (seed 0, 1)"
    assert found[3] == "90.0 / - / 60.0"


def test_accuracy_row_says_what_was_not_measured() -> None:
    table = accuracy.table({"none": {"quick": []}, "toy": {"quick": [run(0, 0.6)], "full": []}})
    assert cells(table)[4:] == ["-", "+50%", "-", "3.1 / 3.1 / -"]
    assert len(table.splitlines()) == 3


def test_mean_gains_over_small_sets_and_over_all() -> None:
    sets = {
        name: {"quick": [{**run(0, frame), "train_size": size}]}
        for name, frame, size in (("one", 0.6, 70), ("two", 0.4, 500), ("large", 0.8, 501))
    }
    table = accuracy.table(sets)
    assert cells(table, 3) == [
        "*mean of the 2 sets of up to 500 samples*",
        *[""] * 4,
        "+25%",
        "-",
        "",
    ]
    assert cells(table, 4) == ["*mean of all 3 sets*", *[""] * 4, "+50%", "-", ""]
    assert widths(table) == {9}


def test_accuracy_row_tells_the_seeds_of_tiers_apart() -> None:
    tiers = {"quick": [run(0, 0.6), run(1, 0.6)], "full": [run(0, 0.6)]}
    assert cells(accuracy.table({"toy": tiers}))[0] == "toy (quick: seed 0, 1; full: seed 0)"


def test_no_gain_over_a_baseline_without_a_frame() -> None:
    assert cells(accuracy.table({"toy": {"quick": [run(0, 0.6, baseline=0.0)]}}))[5] == "-"


def test_rejection_has_only_sets_with_utterances_out_of_scope() -> None:
    outside = run(0, 0.6, in_scope_accuracy=0.9, out_of_scope_recall=0.5)
    results = {"toy": {"full": [run(0, 0.6)]}, "oos": {"full": [outside]}}
    table = accuracy.rejection_table(results)
    assert cells(table) == ["oos (seed 0)", "90.0 / 50.0", "-", "90.0 / 50.0"]
    assert len(table.splitlines()) == 3
    assert widths(table) == {5}
    assert accuracy.rejection_table({"toy": results["toy"]}) == ""


def test_results_of_the_old_format_are_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "accuracy.json"
    assert accuracy.load_results(path) == {}
    path.write_text(json.dumps({"toy": [run(0, 0.6)]}))
    assert accuracy.load_results(path) == {}
    path.write_text(json.dumps({"toy": {"quick": [run(0, 0.6)]}}))
    assert accuracy.load_results(path) == {"toy": {"quick": [run(0, 0.6)]}}


def test_results_are_kept_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy, "RESULTS", tmp_path / "accuracy.json")
    monkeypatch.setattr(accuracy, "compare", fake_compare)
    results = {"other": {"quick": [run(0, 0.6)]}, "toy": {"quick": [run(7, 0.6)]}}
    jobs = [accuracy.Job("toy", "quick", seed) for seed in (2, 13, 0, 1)]
    with pytest.raises(RuntimeError, match="seed 13"):
        accuracy.measure(jobs, tmp_path, results, workers=3)
    kept = accuracy.load_results(tmp_path / "accuracy.json")
    assert [one["seed"] for one in kept["toy"]["quick"]] == [0, 1, 2]
    assert len(kept["other"]["quick"]) == 1


def fake_compare(train: Path, test: Path, job: accuracy.Job) -> dict[str, Any]:
    if job.seed == 13:
        raise RuntimeError("seed 13")
    return run(job.seed, 0.6)


def test_a_few_samples_of_each_intent_are_drawn_by_the_seed(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jsonl.gz"
    rows = [{"text": str(number), "intent": "AB"[number % 2]} for number in range(40)]
    with gzip.open(whole, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)

    def drawn(seed: int) -> list[str]:
        (folder := tmp_path / str(seed)).mkdir(exist_ok=True)
        with gzip.open(accuracy.drawn(whole, 3, seed, folder), "rt") as file:
            return file.readlines()

    found = [json.loads(line) for line in drawn(1)]
    assert sorted(row["intent"] for row in found) == list("AAABBB")
    assert all(row in rows for row in found)
    assert drawn(1) == drawn(1) != drawn(2)


def test_table_is_put_between_its_marks_and_nothing_else_changes() -> None:
    text = accuracy.with_table(README, "accuracy", r"| \1 new |")
    assert text == README.replace("old", r"| \1 new |")
    text = accuracy.with_table(README, "speed", "new")
    assert text == README.replace("speed -->\n", "speed -->\nnew\n")


def test_unknown_or_broken_marks_leave_the_text_alone() -> None:
    assert accuracy.with_table(README, "rejection", "new") == README
    broken = README.replace("<!-- /table -->", "", 1)
    assert accuracy.with_table(broken, "accuracy", "new") == broken


def test_readme_gets_its_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(accuracy, "README", tmp_path / "README.md")
    accuracy.README.write_text(README)
    accuracy.update_readme({"accuracy": "new", "rejection": "lost"})
    assert accuracy.README.read_text() == README.replace("old", "new")
    assert "<!-- table:rejection -->" in capsys.readouterr().err


def test_speed_table_has_a_row_a_measure_and_ratios_of_times() -> None:
    neural = {row.key: 1234.5 for row in speed.ROWS}
    baseline = {"parse_ms_p50": 100.0, "artifact_bytes": 100.0, "load_ms": 1000.0}
    measured = {"quick": neural, "full": neural, "maxent_crf": baseline}
    sets = {"name": "toy", "train_size": 1234, "test_size": 700}
    machine = {"cpu": "a CPU", "cores": 2, "python": "3.11.0", "load_before": 0.5}
    table = speed.table({"measured": measured, "sets": sets, "machine": machine})
    rows = {row.key: cells(table, number)[1:] for number, row in enumerate(speed.ROWS)}
    assert rows["parse_ms_p50"] == ["1,234.50", "1,234.50", "100.00", "12x", "12x"]
    assert rows["load_ms"][3:] == ["1.2x", "1.2x"]
    assert rows["artifact_bytes"] == ["1,234", "1,234", "100", "", ""]
    assert rows["process_mb"] == ["1,234.5", "1,234.5", "-", "", ""]
    assert widths(table) == {7}
    assert "1,234 utterances of toy" in table and "a CPU (2 cores" in table


def test_private_memory_is_clean_and_dirty() -> None:
    lines = ["5-6 ---p 0 00:00 0 [rollup]", "Rss: 90 kB", "Shared_Clean: 50 kB"]
    lines += ["Private_Clean: 8 kB", "Private_Dirty: 32 kB"]
    assert speed.private_of("\n".join(lines)) == 40 * 1024
    assert speed.private_bytes() > 0
