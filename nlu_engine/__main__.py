"""The engine from a shell: train, parse, compare, and the shared embeddings.

    python -m nlu_engine train --data skill.json --out artifact
    python -m nlu_engine parse artifact "order an orange for me"
    python -m nlu_engine compare --train train.jsonl.gz --test test.jsonl.gz --json
    python -m nlu_engine embeddings build --help

Exit status: 0 done, 1 refused (the reasons are on standard error), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nlu_engine import __version__
from nlu_engine.errors import EngineError
from nlu_engine.frames import Parse
from nlu_engine.parsers import ParsePair


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = _options(arguments)
    try:
        options.run(options)
    except EngineError as error:
        for line in [str(problem) for problem in error.problems] or [str(error)]:
            print(f"error: {line}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


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
    _train_arguments(commands.add_parser("train", help="train both parsers of a skill"))
    _parse_arguments(commands.add_parser("parse", help="parse utterances with both parsers"))
    _compare_arguments(commands.add_parser("compare", help="train on one set, measure on another"))
    _embeddings_arguments(commands.add_parser("embeddings", help="build or check a release"))
    return parser


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


def _parse_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("artifact", type=Path)
    parser.add_argument(
        "text", nargs="*", help='utterances; "-" reads one a line from standard input'
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.set_defaults(run=_parse)


def _compare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True, help="labelled JSON lines")
    _training_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_compare)


def _embeddings_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="command")
    build = commands.add_parser("build", help="build a release from a pretrained transformer")
    build.add_argument("--release", required=True, help="its name, such as en@1")
    build.add_argument(
        "--encoder", type=Path, required=True, help="folder of the transformer's weights"
    )
    build.add_argument(
        "--corpus",
        type=Path,
        nargs="+",
        required=True,
        help="text, one sentence a line, or labelled JSON lines; plain or .gz",
    )
    build.add_argument("--words", type=Path, nargs="*", default=[], help="word lists")
    build.add_argument("--size", type=int, default=80_000, help="words in the vocabulary")
    build.add_argument("--buckets", type=int, default=32_768, help="of character n-grams")
    build.add_argument("--dimensions", type=int, default=300)
    build.add_argument("--seed", type=int, default=0)
    build.add_argument("--out", type=Path, required=True)
    build.set_defaults(run=_build_embeddings)
    layers = commands.add_parser(
        "pretrain", help="pretrain a release's layers on labelled utterances of other skills"
    )
    layers.add_argument("--labelled", type=Path, nargs="+", required=True, help="one file a skill")
    layers.add_argument("--steps", type=int, default=8_000)
    layers.add_argument("--seed", type=int, default=0)
    layers.add_argument(
        "directory", type=Path, help="the release's folder, named as it; embeddings built already"
    )
    layers.set_defaults(run=_pretrain_layers)
    verify = commands.add_parser("verify", help="check the installed release")
    verify.add_argument("release", nargs="?", default="en@1")
    verify.set_defaults(run=_verify_embeddings)


def _train(options: argparse.Namespace) -> None:
    from nlu_engine.artifact import write_artifact
    from nlu_engine.training import train_parsers
    from nlu_engine.training_data import load_training_data

    if options.out.exists():
        raise FileExistsError(f"{options.out} exists; an artifact is never written over.")
    data = load_training_data(options.data, locale=options.locale, seed=options.seed)
    pair = train_parsers(data, seed=options.seed, on_progress=_show_progress)
    write_artifact(pair, options.out)
    _say("")
    for note in pair.manifest["notes"]:
        _say(f"note: {note}")
    seconds = sum(pair.manifest["train_seconds"].values())
    print(f"{options.out}: {len(data.utterances)} utterances, {seconds:.1f} s")


def _parse(options: argparse.Namespace) -> None:
    from nlu_engine.artifact import read_artifact

    pair = read_artifact(options.artifact)
    for utterance in _utterances(options.text):
        parsed = pair.parse(utterance)
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
    slots = ", ".join(f"{slot.name}={slot.text!r}" for slot in parse.frame.slots)
    return f"{parse.frame.intent} {parse.confidence:.2f}  {slots or '-'}"


def _compare(options: argparse.Namespace) -> None:
    from nlu_engine.comparison import compare
    from nlu_engine.training_data import load_training_data, read_labelled

    data = load_training_data(options.train, locale=options.locale, seed=options.seed)
    test = read_labelled(options.test)
    result = compare(data, test, seed=options.seed, on_progress=_show_progress)
    _say("")
    print(json.dumps(result) if options.json else _comparison(result))


def _comparison(result: dict[str, Any]) -> str:
    lines = [f"{result['train_size']} utterances to learn from, {result['test_size']} to parse"]
    for name, measured in result["parsers"].items():
        facts = ", ".join(f"{key} {value}" for key, value in measured.items())
        lines.append(f"{name}: {facts}")
    return "\n".join([*lines, f"relative_frame_gain: {result['relative_frame_gain']}"])


def _build_embeddings(options: argparse.Namespace) -> None:
    from nlu_engine.embedding_build import Recipe, build

    recipe = Recipe(
        release=options.release,
        encoder=options.encoder,
        corpora=tuple(options.corpus),
        word_lists=tuple(options.words),
        vocabulary_size=options.size,
        bucket_count=options.buckets,
        dimensions=options.dimensions,
        seed=options.seed,
    )
    print(json.dumps(build(recipe, options.out, _say), indent=2))


def _pretrain_layers(options: argparse.Namespace) -> None:
    from nlu_engine.embeddings import load_embeddings
    from nlu_engine.pretraining import Plan, pretrain_release

    directory = options.directory.resolve()
    embeddings = load_embeddings(directory.name, directory.parent)
    plan = Plan(steps=options.steps, seed=options.seed)
    print(json.dumps(pretrain_release(options.labelled, embeddings, plan, _say), indent=2))


def _verify_embeddings(options: argparse.Namespace) -> None:
    from nlu_engine.embeddings import load_embeddings
    from nlu_engine.shared_layers import load_layers

    embeddings = load_embeddings(options.release)
    load_layers(embeddings)
    print(f"{options.release}: {len(embeddings):,} words, {embeddings.manifest['sha256']}")


def _show_progress(step: str, fraction: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{step:<12} {fraction:4.0%}", end="", file=sys.stderr, flush=True)


def _say(text: str) -> None:
    if text or sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
