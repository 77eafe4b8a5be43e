"""Every stage of the pipeline on a transformer, corpora and skills of a handful of lines.

Shows that the recipe runs and that a skill trains on what comes out; the release itself
understands nothing. Continuous integration runs it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from nlu_engine.pretraining.encoders import new_transformer

SENTENCES = (
    "Buy me an apple, please.",
    "buy me an orange",
    "I would like to buy two pears",
    "Is it cold outside?",
    "will it rain tomorrow",
    "The sun shines and it is warm today.",
    "never learn from this test utterance",
)
MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
HIDDEN = 32
DIMENSIONS = 60


def run_smoke(folder: Path, run: Callable[[list[str]], None]) -> Path:
    """Run each stage as a shell would, by ``run(arguments)``; return the release's folder."""
    base, release = folder / "base", folder / "xx@1"
    _write_base(base)
    corpora = [_corpus(folder, "one", SENTENCES), _corpus(folder, "two", SENTENCES[2:])]
    skills = [_skill(folder, "fruit"), _skill(folder, "weather")]
    excluded = _labelled(folder / "test.jsonl", [(SENTENCES[-1], "none", None)])
    exclude = ["--exclude", str(excluded)]
    mlm, multitask = folder / "mlm", folder / "multitask"
    run(
        ["mlm", "--encoder", str(base), "--corpus", *corpora, *exclude, "--weight", "one=2"]
        + ["--steps", "4", "--out", str(mlm)]
    )
    run(
        ["multitask", "--encoder", str(mlm), "--teacher", str(base), "--labelled", *skills]
        + [*exclude, "--steps", "4", "--out", str(multitask)]
    )
    run(
        ["store", "--encoder", str(multitask), "--corpus", *corpora, "--buckets", "64"]
        + ["--dimensions", str(DIMENSIONS), "--out", str(release)]
    )
    run(["export", "--encoder", str(multitask), "--out", str(release)])
    run(
        ["negatives", "--release", str(release), "--labelled", *skills, "--corpus", *corpora]
        + exclude
    )
    run(
        ["start", "--release", str(release), "--labelled", *skills, *exclude]
        + ["--steps", "4", "--work", str(folder / "start")]
    )
    return release


def _write_base(folder: Path) -> None:
    """Write a random transformer of two layers whose word pieces are letters."""
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    pieces = [*MARKS, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    new_transformer(
        vocab_size=len(pieces),
        hidden_size=HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=HIDDEN,
        max_position_embeddings=192,
    ).save_pretrained(str(folder))
    vocabulary = {piece: row for row, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))


def _corpus(folder: Path, name: str, sentences: tuple[str, ...]) -> str:
    path = folder / f"{name}.txt"
    path.write_text("\n".join(sentences) + "\n")
    return str(path)


def _skill(folder: Path, name: str) -> str:
    path = folder / name / "train.jsonl"
    path.parent.mkdir()
    lines = [("buy apple", f"{name}-buy", "apple"), ("buy pears", f"{name}-buy", "pears")]
    return str(_labelled(path, [*lines, ("is it cold", f"{name}-ask", None)]))


def _labelled(path: Path, rows: list[tuple[str, str, str | None]]) -> Path:
    lines = []
    for text, intent, fruit in rows:
        start = text.index(fruit) if fruit else 0
        slot = {"name": "fruit", "start": start, "end": len(text), "value": fruit}
        lines.append(json.dumps({"text": text, "intent": intent, "slots": [slot] if fruit else []}))
    path.write_text("\n".join(lines) + "\n")
    return path
