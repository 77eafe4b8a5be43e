"""The engine from a shell: what is printed, where errors go, which exit status."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest

from nlu_engine.__main__ import main
from nlu_engine.artifact import write_artifact
from nlu_engine.parsers import ParserPair
from tests.engine.conftest import FRUIT_SKILL

LINES = [
    {
        "text": "buy two plums",
        "intent": "Buy",
        "slots": [{"start": 8, "end": 13, "name": "fruit", "value": "plums"}],
    },
    {
        "text": "buy pears now",
        "intent": "Buy",
        "slots": [{"start": 4, "end": 9, "name": "fruit", "value": "pears"}],
    },
    {"text": "is it raining", "intent": "Weather", "slots": []},
    {"text": "how cold is it", "intent": "Weather"},
]


@pytest.fixture
def artifact(tmp_path: Path, fruit_pair: ParserPair) -> Path:
    directory = tmp_path / "artifact"
    write_artifact(fruit_pair, directory)
    return directory


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "lines.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(json.dumps(line) for line in LINES).encode()))
    return path


def test_a_trained_artifact_parses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = tmp_path / "skill.json", tmp_path / "out"
    data.write_text(json.dumps(FRUIT_SKILL))
    assert main(["train", "--data", str(data), "--out", str(out)]) == 0
    assert "utterances" in capsys.readouterr().out
    assert main(["parse", str(out), "buy an apple please"]) == 0
    printed = capsys.readouterr().out
    assert "BuyIntent" in printed
    assert "fruit='apple'" in printed
    assert main(["train", "--data", str(data), "--out", str(out)]) == 1
    assert "never written over" in capsys.readouterr().err


def test_parse_prints_one_object_a_line(artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parse", str(artifact), "--json", "buy me an apple", "is it raining"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert list(first) == ["utterance", "neural", "maxent_crf"]
    for name in ("neural", "maxent_crf"):
        keys = ["intent", "confidence", "out_of_scope", "alternatives", "slots", "refused"]
        assert list(first[name]) == keys
        [slot] = first[name]["slots"]
        assert 0.5 < slot.pop("confidence") <= 1
        where = {"name": "fruit", "start": 10, "end": 15}
        known = {"value": "apple", "id": None, "status": "ER_SUCCESS_MATCH"}
        assert slot == where | {"text": "apple"} | known
        assert second[name]["intent"] == "WeatherIntent"


def test_parse_reads_standard_input(
    artifact: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("is it raining\n\nbuy a pear\n"))
    assert main(["parse", str(artifact), "--json", "-"]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [parsed["utterance"] for parsed in printed] == ["is it raining", "buy a pear"]


def test_compare_prints_what_was_measured(
    labelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["compare", "--train", str(labelled), "--test", str(labelled), "--json"]
    assert main(arguments) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["train_size"], result["test_size"]) == (4, 4)
    assert (result["locale"], result["embeddings"]) == ("en-US", "en@2")
    assert result["tier"] == "full"
    measured = result["parsers"]["neural"]
    assert {"intent_accuracy", "slot_f1", "frame_accuracy", "train_seconds"} <= set(measured)
    assert {"artifact_bytes", "load_ms", "parse_ms_p50", "parse_ms_p95"} <= set(measured)
    assert measured["frame_accuracy"] == 1.0
    assert set(result["parsers"]) == {"neural", "maxent_crf"}
    assert "relative_frame_gain" in result


def test_a_set_without_slots_has_no_slot_f1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "intents.jsonl"
    path.write_text("\n".join(json.dumps({**line, "slots": []}) for line in LINES))
    arguments = ["compare", "--train", str(path), "--test", str(path), "--tier", "quick"]
    assert main([*arguments, "--json"]) == 0
    parsers = json.loads(capsys.readouterr().out)["parsers"]
    assert [measured["slot_f1"] for measured in parsers.values()] == [None, None]


def test_an_empty_test_set_is_refused(
    tmp_path: Path, labelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    assert main(["compare", "--train", str(labelled), "--test", str(empty), "--json"]) == 1
    assert "test set is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('{"interactionModel": {"languageModel": {"intents": [{"name": 5}]}}}', "intents[0].name"),
        ('{"text": "a b", "intent": "X", "slots": [{"start": 0}]}', "line 1"),
        ('{"interactionModel": ', "line 1"),
    ],
)
def test_bad_data_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, place: str
) -> None:
    data = tmp_path / "data.json"
    data.write_text(content)
    assert main(["train", "--data", str(data), "--out", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert place in printed.err
    assert printed.out == ""
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["parse", "nowhere", "hi"], "nowhere"), (["embeddings", "verify", "x@1"], "x@1")],
)
def test_what_is_missing_is_named(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert named in capsys.readouterr().err


def test_what_differs_between_two_documents_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(FRUIT_SKILL))
    new.write_text(json.dumps(FRUIT_SKILL).replace('"BuyIntent"', '"Purchase"'))
    assert main(["diff", str(old), str(new)]) == 0
    assert capsys.readouterr().out == "renamed intent 'Purchase': BuyIntent -> Purchase\n"
    assert main(["diff", str(old), str(new), "--json"]) == 0
    [one] = json.loads(capsys.readouterr().out)["differences"]
    assert (one["kind"], one["before"], one["after"]) == ("renamed", "BuyIntent", "Purchase")
    assert main(["diff", str(old), str(old)]) == 0
    assert capsys.readouterr().out == "Nothing differs.\n"


def test_the_installed_releases_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["embeddings", "verify"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in printed] == ["en@2", "multi@1"]
    assert all(line.endswith("whole") for line in printed)


def test_a_release_is_built_by_the_stages_of_pretraining(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["embeddings", "build", "store", "--help"])
    assert left.value.code == 0
    assert "--encoder" in capsys.readouterr().out
