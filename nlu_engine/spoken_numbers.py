"""Numbers, phone numbers and codes as people say them, as digits and letters.

Number words of most languages are text2num's; Hindi's are a table (from Unicode CLDR),
Japanese numerals are added up here. Pure functions of the words and the language.
"""

from __future__ import annotations

import re

from text_to_num import alpha2digit, text2num

from nlu_engine.builtins import data, language_of
from nlu_engine.utterances import normalize

ARTICLES = {
    "de": "der die das den dem des ein eine einen einem einer",
    "en": "a an the some my",
    "es": "el la los las un una unos unas",
    "fr": "le la les un une des du l'",
    "it": "il lo la i gli le un uno una l' un'",
    "nl": "de het een",
    "pt": "o a os as um uma uns umas",
}
_SPELLING = frozenset({"de", "en", "es", "fr", "it", "nl", "pt"})
_ONES = {
    "de": "ein eine einen einem einer",
    "es": "un una",
    "fr": "un une",
    "it": "un uno una",
    "nl": "een één",
    "pt": "um uma",
}
_MINUS = {
    "de": "minus",
    "en": "minus|negative",
    "es": "menos",
    "fr": "moins",
    "it": "meno",
    "nl": "min|minus",
    "pt": "menos",
}
# What text2num takes for a unit of time.
_ORDINALS = {"es": {"segundo": 2, "segunda": 2}, "fr": {"second": 2, "seconde": 2}}
_POINT = {"de": "komma", "es": "coma|punto", "fr": "virgule", "it": "virgola", "nl": "komma"}
_PLUS = re.compile(r"^(plus|más|piu|più|mais|\+)\s*")
_REPEATED = {
    "de": {"doppel": 2, "doppelt": 2, "zweimal": 2, "dreimal": 3},
    "en": {"double": 2, "triple": 3},
    "es": {"doble": 2, "triple": 3},
    "fr": {"double": 2, "triple": 3},
    "it": {"doppio": 2, "doppia": 2, "triplo": 3},
    "nl": {"dubbel": 2, "driedubbel": 3},
    "pt": {"duplo": 2, "dobro": 2, "triplo": 3},
}
_MARKS = {
    "dash": "-", "hyphen": "-", "minus": "-", "bindestrich": "-", "guion": "-", "tiret": "-",
    "trattino": "-", "hífen": "-", "streepje": "-", "underscore": "_", "unterstrich": "_",
}  # fmt: skip
_GROUPED_DIGITS = re.compile(r"\d{1,3}([.,\s]\d{3})+\Z")
_KANJI = {numeral: value for value, numeral in enumerate("〇一二三四五六七八九")} | {"零": 0}
_KANJI_TENS = {"十": 10, "百": 100, "千": 1_000}
_KANJI_MYRIADS = {"万": 10_000, "億": 100_000_000}
_KANJI_NUMBER = re.compile(f"[{''.join([*_KANJI, *_KANJI_TENS, *_KANJI_MYRIADS])}]+")
_HINDI_SCALES = {
    "सौ": 100, "हज़ार": 1_000, "हजार": 1_000, "लाख": 100_000, "करोड़": 10_000_000,
}  # fmt: skip


def with_digits(said: str, language: str) -> str:
    """Return ``said`` (normalised) with its number words as digits: "8 uhr 30"."""
    if language == "ja":
        return _KANJI_NUMBER.sub(lambda found: _kanji(found.group()), said.replace("ゼロ", "〇"))
    if language == "hi":
        return _hindi(said)
    return alpha2digit(said, language, 0) if language in _SPELLING else said


def number_of(text: str, slot_type: str, locale: str) -> str | None:
    """Return the digits that ``text`` says in a number type, or None if it says none."""
    language = language_of(locale)
    said = normalize(text).strip(" .,!?").replace("-", " " if language == "en" else "-")
    if slot_type == "AMAZON.FOUR_DIGIT_NUMBER":
        return _four_digits(said, language)
    if _GROUPED_DIGITS.match(said):
        said = re.sub(r"\D", "", said)
    if re.fullmatch(r"\d+", said):
        return str(int(said)) if len(said) < 1_000 else None
    if slot_type == "AMAZON.Ordinal":
        return _ordinal(said, language)
    below = re.match(rf"(?:{_MINUS.get(language, 'minus')}|[-\u2212]) *(?=\w)", said)
    spelled = _spelled(said[below.end() :] if below else said, language)
    if spelled and spelled.isdecimal():
        spelled = str(int(spelled))
    return f"-{spelled}" if spelled and below and spelled != "0" else spelled


def _four_digits(said: str, language: str) -> str | None:
    digits = re.sub(r"[.,\s-]", "", said)
    if not re.fullmatch(r"\d+", digits):
        digits = _spelled(said, language) or _characters(said, language, letters=False) or ""
    return digits if re.fullmatch(r"\d{4}", digits) else None


def _ordinal(said: str, language: str) -> str | None:
    """Return "3" of "third", "the third" or "3rd"."""
    for article in ARTICLES.get(language, "").split():
        said = said.removeprefix(f"{article} ")
    if language == "ja":
        said = re.sub(r"^第|番目?$|[つ目位]+$", "", said)
    known: dict[str, int] = _ORDINALS.get(language, {})
    if language == "hi":
        known = data("hindi_numbers.json")["ordinals"]
        said = re.sub(r"व(ाँ|ां|ीं|ें)\Z", "", said)
    if said in known:
        return str(known[said])
    digits = re.fullmatch(r"(\d+)\D{0,4}", with_digits(said, language))
    return digits.group(1) if digits else None


def _spelled(said: str, language: str) -> str | None:
    if language in ("ja", "hi"):
        found = with_digits(said, language).replace(" ", "")
        return found if found.isdecimal() else None
    if language not in _SPELLING:
        return None
    if language == "en":
        said = re.sub(r"^a (?=hundred|thousand|million|dozen)", "one ", said)
        said = re.sub(r"\b(oh|o)\b", "zero", said)
        said = re.sub(r"^(one )?dozen$", "twelve", said)
    if said in _ONES.get(language, "").split():
        return "1"
    number = _text2num(said, language)
    if number is not None:
        return str(number)
    groups = _groups(said.split(), language)
    if groups:
        return "".join(groups)
    said = re.sub(rf"\b({_POINT.get(language, 'point')})\b", ".", said)
    written = alpha2digit(said, language, 0).replace(",", ".").replace(" . ", ".")
    return written if re.fullmatch(r"\d+\.\d+", written) else None


def _groups(words: list[str], language: str) -> list[str]:
    """Return the numbers below 100 that ``words`` say one after the other, or []."""
    groups: list[str] = []
    while words:
        for size in (3, 2, 1):
            number = _text2num(" ".join(words[:size]), language)
            # "zero four" would be 4: a zero stands alone.
            if number is not None and number < 100 and (size == 1 or number >= 10):
                groups.append(str(number))
                words = words[size:]
                break
        else:
            return []
    return groups


def _text2num(said: str, language: str) -> int | None:
    try:
        return int(text2num(said, language))
    except ValueError:
        return None


def phone_number_of(text: str, locale: str) -> str | None:
    """Return the digits of a phone number, "+" left out; None if anything else is said."""
    said = _PLUS.sub("", re.sub(r"[()./-]", " ", normalize(text)))
    digits = _characters(said, language_of(locale), letters=False)
    return digits if digits and 2 <= len(digits) <= 20 else None


def alphanumeric_of(text: str, locale: str) -> str | None:
    """Return letters in capitals and digits without spaces ("R2D2"), or None of other words."""
    return _characters(normalize(text), language_of(locale), letters=True)


def _characters(said: str, language: str, *, letters: bool) -> str | None:
    """Return ``said`` spelled out, letter by letter and number by number; None where it is not."""
    if language == "en":
        said = re.sub(r"\boh\b", "zero", said) if letters else re.sub(r"\b(oh|o)\b", "zero", said)
    repeated = _REPEATED.get(language, {})
    found, times = "", 1
    for piece in _pieces(said, language):
        if piece in repeated:
            times = repeated[piece]
            continue
        character = piece if piece.isdecimal() else _letters(piece) if letters else None
        if character is None:
            return None
        found += character * times if len(character) == 1 else character
        times = 1
    return found or None


def _letters(piece: str) -> str | None:
    if piece in _MARKS:
        return _MARKS[piece]
    is_code = re.fullmatch(r"[^\W_](?:[-.]?[^\W_])*\.?", piece) is not None
    if len(piece) > 1 and piece.isalpha() and len(piece) > 3:
        return None  # a word, not a code
    return piece.replace(".", "").upper() if is_code else None


def _pieces(said: str, language: str) -> list[str]:
    """Return words and numbers, in order; each number word that stands alone as digits."""
    if language in ("ja", "hi"):
        return with_digits(said, language).split()
    pieces: list[str] = []
    words = said.split()
    while words:
        for size in (4, 3, 2, 1):
            chunk = words[:size]
            digits = _one_number(chunk, language) if size <= len(words) else None
            if digits is not None:
                pieces.append(digits)
                break
        else:
            pieces.append(words[0])
            chunk = words[:1]
        words = words[len(chunk) :]
    return pieces


def _one_number(words: list[str], language: str) -> str | None:
    """Return the digits of one number, that of a lone word or of several that make one."""
    if len(words) == 1 and words[0].isdecimal():
        return words[0]
    if language not in _SPELLING or any(word.isdecimal() for word in words):
        return None
    if len(words) == 1 and words[0] in _ONES.get(language, "").split():
        return "1"
    number = _text2num(" ".join(words), language)
    if number is None or (len(words) > 1 and (number < 21 or not _text2num(words[0], language))):
        return None  # "zero four" and "zero one hundred" are two numbers, not one
    return str(number)


def _kanji(numeral: str) -> str:
    """Return the digits of "三十五" (35), "二〇二七" (2027)."""
    if not set(numeral) & {*_KANJI_TENS, *_KANJI_MYRIADS}:
        return "".join(str(_KANJI[character]) for character in numeral)
    total = below = current = 0
    for character in numeral:
        if character in _KANJI:
            current = current * 10 + _KANJI[character]
        elif character in _KANJI_TENS:
            below, current = below + (current or 1) * _KANJI_TENS[character], 0
        else:
            total += (below + current or 1) * _KANJI_MYRIADS[character]
            below = current = 0
    return str(total + below + current)


def _hindi(said: str) -> str:
    """Return ``said`` with Hindi numbers as digits; words that are no numbers stay."""
    units: dict[str, int] = data("hindi_numbers.json")["numbers"]
    written: list[str] = []
    total = current = -1
    for word in [*said.split(), ""]:
        value = units.get(word)
        scale = _HINDI_SCALES.get(word)
        if scale and (current >= 0 or total < 0):
            total, current = max(total, 0) + (current if current > 0 else 1) * scale, -1
        elif value is not None and current < 0:
            current = value
        else:
            if total >= 0 or current >= 0:
                written.append(str(max(total, 0) + max(current, 0)))
            total, current = -1, -1 if value is None else value
            if value is None and word:
                written.append(word)
    return " ".join(written)
