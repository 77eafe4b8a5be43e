"""Which slot type a slot that samples name most likely wants, by the slot's name."""

from __future__ import annotations

from collections.abc import Iterable

_BY_ENDING = {
    "date": "AMAZON.DATE",
    "day": "AMAZON.DATE",
    "time": "AMAZON.TIME",
    "duration": "AMAZON.DURATION",
    "number": "AMAZON.NUMBER",
    "count": "AMAZON.NUMBER",
    "quantity": "AMAZON.NUMBER",
    "amount": "AMAZON.NUMBER",
    "city": "AMAZON.City",
    "country": "AMAZON.Country",
    "color": "AMAZON.Color",
    "colour": "AMAZON.Color",
    "phone": "AMAZON.PhoneNumber",
    "query": "AMAZON.SearchQuery",
    "artist": "AMAZON.Artist",
    "food": "AMAZON.Food",
    "room": "AMAZON.Room",
    "name": "AMAZON.FirstName",
}


def likely_type(slot: str, own: Iterable[str], otherwise: str) -> str:
    """Return a slot type for ``slot``: of the skill's ``own`` or Alexa's, else ``otherwise``."""
    bare = slot.casefold().replace("_", "")
    for type_name in own:
        other = type_name.casefold().replace("_", "").removesuffix("type")
        # {size} fits PizzaSize, {secondTopping} fits Topping.
        if bare and other and (other.endswith(bare) or bare.endswith(other)):
            return type_name
    for ending, type_name in _BY_ENDING.items():
        if bare.endswith(ending):
            return type_name
    return otherwise
