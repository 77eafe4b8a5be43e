"""Words compared loosely: without articles, plural and punctuation."""

from __future__ import annotations

import re

from nlu_engine.builtins import language_of
from nlu_engine.remembered import remembered
from nlu_engine.spoken_numbers import ARTICLES
from nlu_engine.utterances import normalize

_PLURALS = {
    "en": [("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("s", "")],
    "es": [("ces", "z"), ("s", "")],
    "fr": [("s", "")],
    "pt": [("s", "")],
}


@remembered
def loosened(text: str, locale: str) -> str:
    """Return ``text`` without what rarely changes its meaning: articles, plural, punctuation."""
    language = language_of(locale)
    words = re.sub(r"[^\w\s'&+]+", " ", normalize(text).replace("-", " ")).split()
    joined = re.sub(r"'s?(?=\s|$)", "", " ".join(words))
    articles = ARTICLES.get(language, "").split()
    for article in articles:
        rest = joined.removeprefix(article if article.endswith("'") else f"{article} ")
        if rest != joined and rest.strip():
            joined = rest.strip()
            break
    return _singular(joined, language) or normalize(text)


def _singular(text: str, language: str) -> str:
    for ending, instead in _PLURALS.get(language, []):
        if text.endswith(ending) and len(text) > len(ending) + 1 and not text.endswith("ss"):
            return text.removesuffix(ending) + instead
    return text
