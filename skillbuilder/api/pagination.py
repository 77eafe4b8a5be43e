"""How lists are cut into pages."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView

from skillbuilder.api.errors import InvalidFields


class NewestFirst(CursorPagination):
    """Pages under ``results``, newest first, with ``next`` and ``previous`` addresses."""

    ordering: tuple[str, ...] = ("-created_at", "-pk")
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Return the page that the cursor names; raises NotFound for one that is none of ours."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except ValidationError as error:
            # The position in it is no date, which is found out in the query only.
            raise NotFound(self.invalid_cursor_message) from error

    def get_page_size(self, request: Request) -> int:
        """Return how many to show; raises InvalidFields, where DRF would guess."""
        text = request.query_params.get("page_size", str(self.page_size))
        if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= self.max_page_size:
            return int(text)
        message = f"This is a whole number from 1 to {self.max_page_size}, not {text[:40]!r}."
        raise InvalidFields({"page_size": [message]}, {"page_size": text})

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the query parameters as OpenAPI has them, with the bounds of the size."""
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == "page_size":
                parameter["schema"] |= {"minimum": 1, "maximum": self.max_page_size}
        return parameters


class NewestSkillsFirst(NewestFirst):
    """Pages of the skills that a user sees, cut by the rows that list them."""

    ordering = ("-created_at", "-skill_id")

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Return the skills of the page that the cursor names; raises NotFound as above."""
        rows = super().paginate_queryset(queryset, request, view)
        return rows and [row.skill for row in rows]
