"""The engine from a shell: check, diff, train, parse, compare, verify the shared embeddings.

    python -m nlu_engine check skill.json
    python -m nlu_engine diff old.json new.json
    python -m nlu_engine train --data skill.json --out artifact
    python -m nlu_engine parse artifact "order an orange for me"
    python -m nlu_engine compare --train train.jsonl.gz --test test.jsonl.gz --json
    python -m nlu_engine embeddings verify
    python -m nlu_engine embeddings build --help

Exit status: 0 done, 1 refused (the reasons are on standard error), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nlu_engine import __version__
from nlu_engine.embeddings import TIERS
from nlu_engine.errors import EngineError
from nlu_engine.frames import Parse, SlotSpan
from nlu_engine.parsers import ParsePair


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = _options(arguments)
    try:
        status: int = options.run(options) or 0
    except EngineError as error:
        for line in [str(problem) for problem in error.problems] or [str(error)]:
            print(f"error: {line}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return status


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = _arguments()
    options, others = parser.parse_known_args(arguments)
    # argparse alone takes no utterance that comes after an option: "parse DIR --json TEXT".
    unknown = [other for other in others if other.startswith("-") and other != "-"]
    if unknown or (others and options.run is not _parse):
        parser.error(f"unrecognized arguments: {' '.join(unknown or others)}")
    if others:
        options.text = [*options.text, *others]
    return options


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nlu_engine", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")
    _check_arguments(commands.add_parser("check", help="list what is wrong with a document"))
    _diff_arguments(commands.add_parser("diff", help="tell what differs between two documents"))
    _train_arguments(commands.add_parser("train", help="train both parsers of a skill"))
    _parse_arguments(commands.add_parser("parse", help="parse utterances with both parsers"))
    _compare_arguments(commands.add_parser("compare", help="train on one set, measure on another"))
    _embeddings_arguments(
        commands.add_parser("embeddings", help="check or build embedding releases")
    )
    return parser


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="an interaction model in Alexa JSON")
    parser.add_argument("--locale", default="en-US", help="such as en-US (default) or de-DE")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_check)


def _diff_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", type=Path, help="an interaction model in Alexa JSON")
    parser.add_argument("new", type=Path, help="another one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_diff)


def _train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="an interaction model in Alexa JSON or labelled JSON lines, plain or .gz",
    )
    parser.add_argument("--out", type=Path, required=True, help="the artifact's new directory")
    _training_arguments(parser)
    parser.set_defaults(run=_train)


def _training_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--locale", default="en-US", help="such as en-US (default) or de-DE")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--tier",
        choices=TIERS,
        default="full",
        help="quick reads the static embeddings alone; full also the contextual encoder (default)",
    )


def _parse_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("artifact", type=Path)
    parser.add_argument(
        "text", nargs="*", help='utterances; "-" reads one a line from standard input'
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument(
        "--reference",
        type=datetime.fromisoformat,
        metavar="TIMESTAMP",
        help='what "tomorrow" is relative to, such as 2026-11-24T09:00+01:00; now if absent',
    )
    parser.set_defaults(run=_parse)


def _compare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True, help="labelled JSON lines")
    _training_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_compare)


def _embeddings_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="command")
    build = commands.add_parser(
        "build",
        add_help=False,
        help="one stage of a new release, as python -m nlu_engine.pretraining",
    )
    build.add_argument("stage", nargs=argparse.REMAINDER)
    build.set_defaults(run=_build_embeddings)
    verify = commands.add_parser("verify", help="check that installed releases are whole")
    verify.add_argument("release", nargs="*", help="such as en@2; all that are installed if none")
    verify.set_defaults(run=_verify_embeddings)


def _check(options: argparse.Namespace) -> int:
    from nlu_engine.checks import SEVERITIES, checks, limits
    from nlu_engine.interaction_model import InteractionModel, read_document
    from nlu_engine.lines import lines_of

    raw = options.file.read_bytes()
    model = InteractionModel.from_json(read_document(raw))
    found = checks(model, options.locale)
    if options.json:
        used = [asdict(limit) for limit in limits(model)]
        listed = [check.to_dict() for check in found]
        print(json.dumps({"checks": listed, "limits": used}, ensure_ascii=False))
    else:
        lines = lines_of(raw.decode("utf-8-sig"), [check.path for check in found])
        for check in sorted(found, key=lambda check: lines[check.path]):
            place = f"{options.file}:{lines[check.path]}"
            print(f"{place}: {check.severity}: {check.message} {check.fix} ({check.code})")
        counts = Counter(check.severity for check in found)
        print(", ".join(f"{counts[severity]} {severity}s" for severity in SEVERITIES))
    return int(any(check.severity == "error" for check in found))


def _diff(options: argparse.Namespace) -> None:
    from nlu_engine.differences import differences
    from nlu_engine.interaction_model import InteractionModel, read_document

    paths = (options.old, options.new)
    models = (InteractionModel.from_json(read_document(path.read_bytes())) for path in paths)
    found = differences(*models)
    if options.json:
        listed = [one.to_dict() for one in found]
        print(json.dumps({"differences": listed}, ensure_ascii=False))
    else:
        print("\n".join(map(str, found)) or "Nothing differs.")


def _train(options: argparse.Namespace) -> None:
    from nlu_engine.artifact import write_artifact
    from nlu_engine.training import train_parsers
    from nlu_engine.training_data import load_training_data

    if options.out.exists():
        raise FileExistsError(f"{options.out} exists; an artifact is never written over.")
    data = load_training_data(options.data, locale=options.locale, seed=options.seed)
    pair = train_parsers(data, tier=options.tier, seed=options.seed, on_progress=_show_progress)
    write_artifact(pair, options.out)
    _say("")
    for note in pair.manifest["notes"]:
        _say(f"note: {note}")
    seconds = sum(pair.manifest["train_seconds"].values())
    print(f"{options.out}: {len(data.utterances)} utterances, {seconds:.1f} s")


def _parse(options: argparse.Namespace) -> None:
    from nlu_engine.artifact import read_artifact

    pair = read_artifact(options.artifact)
    reference = options.reference or datetime.now(UTC)
    for utterance in _utterances(options.text):
        parsed = pair.parse(utterance, reference)
        print(json.dumps(parsed.to_dict(), ensure_ascii=False) if options.json else _table(parsed))


def _utterances(texts: list[str]) -> Iterable[str]:
    if texts and texts != ["-"]:
        return texts
    return (line.rstrip("\n") for line in sys.stdin if line.strip())


def _table(parsed: ParsePair) -> str:
    lines = [parsed.utterance]
    for name, parse, took in (
        ("DNN", parsed.neural, parsed.neural_ms),
        ("MaxEnt-CRF", parsed.maxent_crf, parsed.maxent_crf_ms),
    ):
        lines.append(f"  {name:<11}{_line(parse)}  ({took:.1f} ms)")
    return "\n".join(lines)


def _line(parse: Parse) -> str:
    slots = ", ".join(map(_slot, parse.frame.slots))
    refused = "".join(f"  (not accepted: {slot.name}={slot.text!r})" for slot in parse.refused)
    return f"{parse.frame.intent} {parse.confidence:.2f}  {slots or '-'}{refused}"


def _slot(slot: SlotSpan) -> str:
    """Return the slot with what was said, what it resolves to where that differs, and its id."""
    resolved = f" = {slot.value}" if slot.value not in (None, slot.text) else ""
    known = f" [{slot.id}]" if slot.id else ""
    return f"{slot.name}={slot.text!r}{resolved}{known}"


def _compare(options: argparse.Namespace) -> None:
    from nlu_engine.comparison import compare
    from nlu_engine.training_data import load_training_data, read_labelled

    data = load_training_data(options.train, locale=options.locale, seed=options.seed)
    test = read_labelled(options.test)
    result = compare(data, test, tier=options.tier, seed=options.seed, on_progress=_show_progress)
    _say("")
    print(json.dumps(result) if options.json else _comparison(result))


def _comparison(result: dict[str, Any]) -> str:
    lines = [f"{result['train_size']} utterances to learn from, {result['test_size']} to parse"]
    for name, measured in result["parsers"].items():
        facts = ", ".join(f"{key} {value}" for key, value in measured.items())
        lines.append(f"{name}: {facts}")
    return "\n".join([*lines, f"relative_frame_gain: {result['relative_frame_gain']}"])


def _build_embeddings(options: argparse.Namespace) -> None:
    from nlu_engine.pretraining.__main__ import main as run_stage

    run_stage(options.stage)


def _verify_embeddings(options: argparse.Namespace) -> None:
    from nlu_engine.embeddings import RELEASES_ROOT, load_embeddings, load_encoder
    from nlu_engine.start import load_layers

    for release in options.release or sorted(path.name for path in RELEASES_ROOT.iterdir()):
        embeddings = load_embeddings(release)
        load_encoder(release)
        load_layers(embeddings)
        size = sum(path.stat().st_size for path in embeddings.directory.iterdir())
        print(f"{release}: {len(embeddings):,} words, {size / 1e6:.1f} MB, whole")


def _show_progress(step: str, fraction: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{step:<12} {fraction:4.0%}", end="", file=sys.stderr, flush=True)


def _say(text: str) -> None:
    if text or sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
