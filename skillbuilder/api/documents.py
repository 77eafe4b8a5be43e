"""Reading request bodies: JSON, strictly, with a clear refusal of everything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser

from nlu_engine.errors import InvalidInteractionModel, Problem
from nlu_engine.interaction_model import read_document

JSON = "application/json"


class InvalidDocument(Exception):
    """The request's body is not JSON that can be read and stored."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class InteractionModelParser(BaseParser):
    """JSON within the bounds of the engine: depth, size, duplicate keys, UTF-8, no NaN."""

    media_type = JSON

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the document in ``stream``; raises InvalidInteractionModel."""
        return read_document(stream.read())


class StrictJSONParser(InteractionModelParser):
    """The same for documents that are no interaction models."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the document in ``stream``; raises InvalidDocument."""
        try:
            return super().parse(stream, media_type, parser_context)
        except InvalidInteractionModel as error:
            raise InvalidDocument(error.problems) from error


class RawParser(BaseParser):
    """A body that the view reads itself."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the bytes in ``stream``, unread."""
        return stream.read()


class CsvParser(RawParser):
    """A list as text: CSV, or cells that are separated by semicolons or tabs."""

    media_type = "text/*"


class JsonFileParser(RawParser):
    """JSON or JSON lines, which the view reads as a file."""

    media_type = "application/*"


class Negotiation(DefaultContentNegotiation):
    """REST framework's, which reads no media types where nearly all requests want JSON for JSON."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        """Return the parser for the body of ``request``, None if there is none."""
        sent = request.content_type
        exact = next((parser for parser in parsers if parser.media_type == sent), None)
        return exact or super().select_parser(request, parsers)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        """Return the renderer of the answer, and the media type that it has."""
        is_open = not (format_suffix or request.META.get("QUERY_STRING"))
        wants_json = request.META.get("HTTP_ACCEPT", "*/*") in ("*/*", JSON)
        if is_open and wants_json and [one.media_type for one in renderers] == [JSON]:
            return renderers[0], JSON
        return super().select_renderer(request, renderers, format_suffix)
