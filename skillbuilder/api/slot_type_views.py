"""Slot types for programs: which there are, and the values of one as CSV."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import quote_etag
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from nlu_engine.differences import list_changes
from nlu_engine.value_lists import read_values, write_values
from skillbuilder.api.documents import CsvParser
from skillbuilder.api.views import (
    check_if_match,
    flag,
    one_of,
    refusals,
    strong_etags,
    visible_skill,
)
from skillbuilder.authoring.editing import locked
from skillbuilder.authoring.models import SlotType
from skillbuilder.authoring.value_lists import store_list, values_of, with_list

LIST_EXAMPLE = "value,id,synonyms\nsmall,S,little\nlarge,L,big,huge\n"


class SlotTypeSerializer(serializers.Serializer):
    """A slot type, without its values."""

    name = serializers.CharField()
    values = serializers.IntegerField(source="value_count")


class ValueListSerializer(serializers.Serializer):
    """What came of a list of values, or would come of it."""

    stored = serializers.BooleanField(help_text="False for a dry run.")
    digest = serializers.CharField(help_text="The ETag, without its quotation marks.")
    values = serializers.IntegerField(help_text="How many the slot type has then.")
    added = serializers.IntegerField()
    changed = serializers.IntegerField()
    renamed = serializers.IntegerField()
    removed = serializers.IntegerField()


def visible_type(request: Request, slug: str, name: str) -> SlotType:
    """Return the slot type; raises Http404 and PermissionDenied like visible_skill."""
    skill = visible_skill(request, slug)
    return get_object_or_404(skill.slot_types.select_related("skill"), name=name)


class SlotTypes(APIView):
    """The slot types of a skill."""

    @extend_schema(
        operation_id="slot_types_list",
        summary="List the slot types of a skill",
        responses={200: SlotTypeSerializer(many=True), **refusals()},
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the slot types that the skill declares, in their order."""
        listed = visible_skill(request, slug).slot_types.annotate(value_count=Count("values"))
        return Response(SlotTypeSerializer(listed, many=True).data)


class SlotTypeValues(APIView):
    """The values of a slot type, as CSV: value, id, synonyms."""

    parser_classes = [CsvParser]
    wants = "CSV with Content-Type: text/csv"

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Take any Accept: a list is CSV, everything else JSON."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        operation_id="slot_type_values_read",
        summary="Download the values of a slot type as CSV",
        parameters=[OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)],
        responses={(200, "text/csv"): OpenApiTypes.STR, 304: None, **refusals()},
    )
    def get(self, request: Request, slug: str, type_name: str) -> HttpResponse:
        """Return one value a line, then its id, then its synonyms; the digest in the ETag."""
        values = values_of(visible_type(request, slug, type_name))
        headers = {"ETag": quote_etag(values.digest())}
        if headers["ETag"] in strong_etags(request.headers.get("If-None-Match", "")):
            return HttpResponse(status=304, headers=headers)
        text = write_values(values.slot_types[0].values)
        return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)

    @extend_schema(
        operation_id="slot_type_values_write",
        summary="Upload values of a slot type as CSV",
        parameters=[
            OpenApiParameter(
                "mode",
                str,
                enum=["replace", "add"],
                description="Whether the list replaces the values, which is the default, or adds.",
            ),
            OpenApiParameter("dry_run", bool, description="Check and compare, store nothing."),
            OpenApiParameter(
                "If-Match",
                str,
                OpenApiParameter.HEADER,
                description="The ETag that you downloaded; 412 if it has changed since.",
            ),
        ],
        request={"text/csv": OpenApiTypes.STR},
        examples=[
            OpenApiExample(
                "Two sizes", value=LIST_EXAMPLE, request_only=True, media_type="text/csv"
            )
        ],
        responses={200: OpenApiResponse(ValueListSerializer), **refusals(409, 412, 413, 415)},
    )
    def put(self, request: Request, slug: str, type_name: str) -> Response:
        """Store the list, or refuse it with all wrong lines."""
        slot_type = visible_type(request, slug, type_name)
        mode, dry_run = one_of(request, "mode", ["replace", "add"]), flag(request, "dry_run")
        sent: Any = request.data  # Bytes, or an empty object where nothing was sent.
        values = read_values(sent or b"")
        with transaction.atomic():
            locked(slot_type.skill)
            old = values_of(slot_type)
            check_if_match(request, old.digest, "The values have")
            new = with_list(old, values, mode)
            if not dry_run:
                store_list(slot_type, values, mode)
        _, counts = list_changes(old.slot_types[0], new.slot_types[0], most=0)
        answer: dict[str, Any] = {
            "stored": not dry_run,
            "digest": new.digest(),
            "values": len(new.slot_types[0].values),
            **counts,
        }
        headers = {} if dry_run else {"ETag": quote_etag(new.digest())}
        return Response(answer, headers=headers)
