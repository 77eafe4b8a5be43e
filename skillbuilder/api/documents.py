"""Reading request bodies: JSON, strictly, with a clear refusal of everything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from nlu_engine.interaction_model import read_document


class StrictJSONParser(BaseParser):
    """JSON with the bounds of the engine: depth, size, duplicate keys, UTF-8, no NaN."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the document in ``stream``; raises InvalidInteractionModel."""
        return read_document(stream.read())
