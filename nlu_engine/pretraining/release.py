"""The folder of a release: what is in it, and the manifest that vouches for it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nlu_engine.embeddings import ENCODER_FILES, STORE_FORMAT, WORDS, file_digest
from nlu_engine.frames import AnnotatedUtterance
from nlu_engine.out_of_scope import NEGATIVES
from nlu_engine.pretraining.corpora import Corpus
from nlu_engine.start import START
from nlu_engine.utterances import normalize

NEGATIVE_COUNT = 4_000
MIN_WORDS, MAX_WORDS = 3, 14
# Random words and movie talk now and then say what nobody wants to find in a data file.
_UNWANTED = re.compile(
    r"\b(nazi|hitler|fuck|shit|sex|porn|bitch|rape|nigg|cunt|whore|fag|penis|vagina|kill|murder"
    r"|terror|suicid|dick|ass\b|schei|hure|puta|mierda|cazzo|merda|putain|kut\b|neuk|islam|jew"
    r"|jud|muslim)"
)
FILES = (WORDS, *ENCODER_FILES, START, NEGATIVES)


def write_manifest(directory: Path, **facts: Any) -> dict[str, Any]:
    """Write down the digest of each file that is there, and ``facts``; keep older facts.

    Returns the manifest. The release's name is that of its folder.
    """
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text()) if path.exists() else {}
    manifest |= {"format": STORE_FORMAT, "release": directory.name, **facts}
    found = [name for name in FILES if (directory / name).exists()]
    manifest["files"] = {name: file_digest(directory / name) for name in found}
    path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return manifest


def write_negatives(
    directory: Path,
    skills: Mapping[str, Sequence[AnnotatedUtterance]],
    corpora: Sequence[Corpus],
    *,
    count: int = NEGATIVE_COUNT,
    seed: int = 0,
) -> int:
    """Write utterances of other skills and everyday talk, half and half; return how many."""
    generator = random.Random(seed)
    texts = {
        name: sorted({normalize(one.text).strip(" .!?") for one in skill})
        for name, skill in skills.items()
    }
    texts |= {one.name: [normalize(s).strip(" .!?") for s in one.sentences] for one in corpora}
    chosen: dict[str, None] = {}
    for names in (sorted(skills), [one.name for one in corpora if one.sentences]):
        for number in range(count // 2):
            pool = texts[names[number % len(names)]]
            text = generator.choice(pool)
            if _UNWANTED.search(text):
                continue
            if MIN_WORDS <= text.count(" ") + 1 <= MAX_WORDS:
                chosen[text] = None
    (directory / NEGATIVES).write_text("\n".join(chosen) + "\n")
    return len(chosen)
