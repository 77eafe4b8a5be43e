"""The transformer that all skills share, as it is trained: words in, one vector a word out.

Reads and writes folders as transformers does (config.json, model.safetensors,
tokenizer.json), so any stage of the pipeline can begin from any BERT-like encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel

MAX_PIECES = 96
PROJECTION = "projection.safetensors"


class WordPieces:
    """Turns words into the ids of an encoder's word pieces, each word by itself."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.count = self._tokenizer.get_vocab_size()
        self._known: dict[str, list[int]] = {}
        marks = self._tokenizer.encode("").ids
        self.first, self.last = (marks[0], marks[-1]) if marks else (0, 0)
        self.mask = next(
            row
            for name in ("[MASK]", "<mask>")
            if (row := self._tokenizer.token_to_id(name)) is not None
        )

    def of_word(self, word: str) -> list[int]:
        """Return the pieces of ``word``, at least one."""
        pieces = self._known.get(word)
        if pieces is None:
            pieces = self._tokenizer.encode(word, add_special_tokens=False).ids or [self.mask]
            self._known[word] = pieces
        return pieces


@dataclass(frozen=True)
class Pieces:
    """A batch of b utterances of up to n words and p word pieces."""

    ids: Tensor  # (b, p)
    mask: Tensor  # (b, p), 1 where there is a piece
    words: Tensor  # (b, p), the word of each piece, n where it is a mark or padding
    word_mask: Tensor  # (b, n), true where there is a word


def collate(utterances: Sequence[Sequence[str]], pieces: WordPieces) -> Pieces:
    """Return the batch of utterances given as words; what is too long is cut."""
    rows = [_row(words, pieces) for words in utterances]
    width = max(len(ids) for ids, _ in rows)
    count = max(max(owners) + 1 for _, owners in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros(len(rows), width, dtype=torch.long)
    words = torch.full((len(rows), width), count)
    word_mask = torch.zeros(len(rows), count, dtype=torch.bool)
    for row, (row_ids, owners) in enumerate(rows):
        ids[row, : len(row_ids)] = torch.tensor(row_ids)
        mask[row, : len(row_ids)] = 1
        words[row, 1 : len(owners) + 1] = torch.tensor(owners)
        word_mask[row, : max(owners) + 1] = True
    return Pieces(ids, mask, words, word_mask)


def _row(words: Sequence[str], pieces: WordPieces) -> tuple[list[int], list[int]]:
    ids, owners = [pieces.first], []
    for number, word in enumerate(words):
        found = pieces.of_word(word)
        if len(ids) + len(found) >= MAX_PIECES:
            break
        ids += found
        owners += [number] * len(found)
    return [*ids, pieces.last], owners or [0]


class SharedEncoder(nn.Module):
    """A transformer and the projection of its middle and last layer to ``dimensions``."""

    def __init__(self, transformer: BertModel, dimensions: int = 300) -> None:
        super().__init__()
        self.transformer = transformer
        self.middle = transformer.config.num_hidden_layers // 2
        hidden = transformer.config.hidden_size
        self.normalize = nn.LayerNorm(2 * hidden)
        self.project = nn.Linear(2 * hidden, dimensions)

    def hidden(self, batch: Pieces) -> tuple[Tensor, Tensor]:
        """Return the middle and the last layer, each (b, p, hidden)."""
        layers = self.transformer(
            input_ids=batch.ids, attention_mask=batch.mask, output_hidden_states=True
        ).hidden_states
        return layers[self.middle], layers[-1]

    def forward(self, batch: Pieces) -> tuple[Tensor, Tensor]:
        """Return word vectors (b, n, dimensions) and the mean last layer (b, hidden)."""
        middle, last = self.hidden(batch)
        both = pool_words(torch.cat([middle, last], dim=-1), batch)
        weights = batch.mask.unsqueeze(-1) / batch.mask.sum(dim=1)[:, None, None]
        return self.project(self.normalize(both)), (last * weights).sum(dim=1)


def pool_words(values: Tensor, batch: Pieces) -> Tensor:
    """Return the mean of ``values`` (b, p, d) over the pieces of each word, (b, n, d)."""
    count = batch.word_mask.shape[1]
    owner = nn.functional.one_hot(batch.words, count + 1)[..., :count].to(values.dtype)  # (b, p, n)
    owner = owner / owner.sum(dim=1, keepdim=True).clamp(min=1)
    return owner.transpose(1, 2) @ values


def load_transformer(folder: Path) -> BertModel:
    """Return the transformer in ``folder``, without the layers that a task put on top."""
    transformer: Any = BertModel.from_pretrained(
        str(folder), add_pooling_layer=False, local_files_only=True
    )
    return transformer  # type: ignore[no-any-return]


def load_encoder(folder: Path) -> SharedEncoder:
    """Return the encoder in ``folder``; its projection is new where no stage has learned one."""
    encoder = SharedEncoder(load_transformer(folder))
    if (folder / PROJECTION).exists():
        tensors = load_file(folder / PROJECTION)
        encoder.load_state_dict(tensors, strict=False)
    return encoder


def save_encoder(encoder: SharedEncoder, tokenizer_from: Path, folder: Path) -> None:
    """Write transformer, projection and tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder.transformer.save_pretrained(str(folder))
    own = {k: v for k, v in encoder.state_dict().items() if not k.startswith("transformer.")}
    save_file(own, folder / PROJECTION)
    (folder / "tokenizer.json").write_bytes((tokenizer_from / "tokenizer.json").read_bytes())


def new_transformer(**sizes: Any) -> BertModel:
    """Return an untrained transformer, for tests and for weights read from elsewhere."""
    return BertModel(BertConfig(**sizes), add_pooling_layer=False)
