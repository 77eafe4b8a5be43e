"""Catalogs for programs: lists in versions, and the slot types that take their values from them."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import quote_etag
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from nlu_engine.value_lists import read_values, write_values
from skillbuilder.api.documents import CsvParser
from skillbuilder.api.errors import InvalidFields
from skillbuilder.api.serializers import NameField, StrictSerializer, WholeNumberField
from skillbuilder.api.slot_type_views import LIST_EXAMPLE, visible_type
from skillbuilder.api.views import check_if_match, flag, refusals, validated
from skillbuilder.authoring import catalogs
from skillbuilder.authoring.catalog_documents import slot_values_of
from skillbuilder.authoring.models import Catalog, CatalogVersion, SlotType

NOTE_LENGTH = 200


class CatalogSerializer(serializers.Serializer):
    """A catalog, without its values."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    owner = serializers.CharField(source="owner.username")
    newest = serializers.IntegerField(help_text="The number of its newest version, 0 without one.")
    skills = serializers.IntegerField(source="skill_count", help_text="How many skills use it.")


class NewCatalogSerializer(StrictSerializer):
    """A catalog to be made, or its new name."""

    name = NameField()


class VersionSerializer(serializers.Serializer):
    """A version of a catalog, without its values."""

    number = serializers.IntegerField()
    note = serializers.CharField(allow_blank=True)
    values = serializers.IntegerField(source="count")
    created_at = serializers.DateTimeField()


class StoredVersionSerializer(serializers.Serializer):
    """What came of a list, or would come of it."""

    stored = serializers.BooleanField(help_text="False for a dry run.")
    number = serializers.IntegerField()
    values = serializers.IntegerField()
    followers = serializers.IntegerField(help_text="Slot types that take the newest at once.")


class LinkSerializer(serializers.Serializer):
    """Where a slot type takes its values from."""

    catalog = serializers.UUIDField()
    version = serializers.IntegerField()
    newest = serializers.BooleanField(help_text="Whether it takes each newer version at once.")


class NewLinkSerializer(StrictSerializer):
    """The catalog whose values a slot type is to take."""

    catalog = serializers.UUIDField()
    version = WholeNumberField(
        min_value=1, required=False, help_text="The newest there is now if absent."
    )
    newest = serializers.BooleanField(default=False, help_text="Take each newer version at once.")


def visible_catalog(request: Request, key: uuid.UUID) -> Catalog:
    """Return the catalog; raises Http404 if the user sees it neither as owner nor in a skill.

    Raises PermissionDenied if the request changes things and the user is not the owner.
    """
    catalog = get_object_or_404(catalogs.listed(request.user), pk=key)
    if request.method not in ("GET", "HEAD", "OPTIONS") and catalog.owner_id != request.user.pk:
        raise PermissionDenied(f"Only {catalog.owner.username} may change {catalog.name}.")
    return catalog


class Catalogs(generics.ListAPIView):
    """My catalogs, and those that my skills use."""

    serializer_class = CatalogSerializer

    def get_queryset(self) -> QuerySet[Catalog]:
        """Return the catalogs that the user may see, the newest first."""
        return catalogs.listed(self.request.user)

    @extend_schema(
        operation_id="catalogs_list",
        summary="List catalogs",
        responses={200: CatalogSerializer(many=True), **refusals()},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List my catalogs and those that my skills use, newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="catalogs_create",
        summary="Make a catalog",
        request=NewCatalogSerializer,
        responses={201: CatalogSerializer, **refusals(409, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """Make an empty catalog. Send its first version next."""
        made = catalogs.create_catalog(
            request.user, validated(NewCatalogSerializer, request.data)["name"]
        )
        address = reverse("api:catalog", args=[made.pk], request=request)
        shown = CatalogSerializer(visible_catalog(request, made.pk)).data
        return Response(shown, status.HTTP_201_CREATED, headers={"Location": address})


class CatalogDetail(APIView):
    """One catalog."""

    @extend_schema(
        operation_id="catalogs_read",
        summary="Read a catalog",
        responses={200: CatalogSerializer, **refusals()},
    )
    def get(self, request: Request, key: uuid.UUID) -> Response:
        """Read a catalog, without its values."""
        return Response(CatalogSerializer(visible_catalog(request, key)).data)

    @extend_schema(
        operation_id="catalogs_change",
        summary="Rename a catalog",
        request=NewCatalogSerializer,
        responses={200: CatalogSerializer, **refusals(409, 413, 415)},
    )
    def patch(self, request: Request, key: uuid.UUID) -> Response:
        """Give a catalog another name."""
        catalog = visible_catalog(request, key)
        catalogs.rename_catalog(catalog, validated(NewCatalogSerializer, request.data)["name"])
        return Response(CatalogSerializer(visible_catalog(request, key)).data)

    @extend_schema(
        operation_id="catalogs_delete",
        summary="Delete a catalog",
        responses={204: None, **refusals()},
    )
    def delete(self, request: Request, key: uuid.UUID) -> Response:
        """Delete a catalog for good; slot types keep the values that they have."""
        catalogs.delete_catalog(visible_catalog(request, key))
        return Response(status=status.HTTP_204_NO_CONTENT)


class CatalogVersions(APIView):
    """The versions of a catalog."""

    parser_classes = [CsvParser]
    wants = "CSV with Content-Type: text/csv"

    @extend_schema(
        operation_id="catalog_versions_list",
        summary="List the versions of a catalog",
        responses={200: VersionSerializer(many=True), **refusals()},
    )
    def get(self, request: Request, key: uuid.UUID) -> Response:
        """List the versions, newest first; the number of the newest is the ETag."""
        catalog = visible_catalog(request, key)
        listed = VersionSerializer(catalog.versions.defer("rows"), many=True).data
        return Response(listed, headers={"ETag": quote_etag(str(catalog.newest))})

    @extend_schema(
        operation_id="catalog_versions_create",
        summary="Upload the next version of a catalog as CSV",
        parameters=[
            OpenApiParameter("note", str, description="What is new, at most 200 characters."),
            OpenApiParameter("dry_run", bool, description="Check everything and store nothing."),
            OpenApiParameter(
                "If-Match",
                str,
                OpenApiParameter.HEADER,
                description="The number of the newest version that you know, in quotation marks.",
            ),
        ],
        request={"text/csv": OpenApiTypes.STR},
        examples=[
            OpenApiExample(
                "Two sizes", value=LIST_EXAMPLE, request_only=True, media_type="text/csv"
            )
        ],
        responses={
            200: StoredVersionSerializer,
            201: StoredVersionSerializer,
            **refusals(409, 412, 413, 415),
        },
    )
    def post(self, request: Request, key: uuid.UUID) -> Response:
        """Store the list as the next version, or refuse it with all wrong lines."""
        catalog = visible_catalog(request, key)
        note, dry_run = _note(request), flag(request, "dry_run")
        sent: Any = request.data  # Bytes, or an empty object where nothing was sent.
        values = read_values(sent or b"")
        check_if_match(request, lambda: str(catalog.newest), "The catalog has")
        followers = catalog.slot_types.filter(follows_newest=True).count()
        number = catalog.newest + 1
        if not dry_run:
            number = catalogs.add_version(catalog, values, note=note, after=catalog.newest).number
        answer = {
            "stored": not dry_run,
            "number": number,
            "values": len(values),
            "followers": followers,
        }
        return Response(answer, status.HTTP_200_OK if dry_run else status.HTTP_201_CREATED)


def _note(request: Request) -> str:
    note = " ".join(request.query_params.get("note", "").replace("\x00", "").split())
    if len(note) > NOTE_LENGTH:
        message = f"This has {len(note)} characters; at most {NOTE_LENGTH}."
        raise InvalidFields({"note": [message]}, {"note": note})
    return note


class CatalogValues(APIView):
    """The values of one version, as CSV."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Take any Accept: a list is CSV, everything else JSON."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        operation_id="catalog_values_read",
        summary="Download the values of a version as CSV",
        responses={(200, "text/csv"): OpenApiTypes.STR, **refusals()},
    )
    def get(self, request: Request, key: uuid.UUID, number: int) -> HttpResponse:
        """Return one value a line, then its id, then its synonyms."""
        found: QuerySet[CatalogVersion] = visible_catalog(request, key).versions.all()
        text = write_values(slot_values_of(get_object_or_404(found, number=number)))
        return HttpResponse(text, content_type="text/csv; charset=utf-8")


class SlotTypeCatalog(APIView):
    """The catalog that a slot type takes its values from."""

    @extend_schema(
        operation_id="slot_type_catalog_read",
        summary="Read where a slot type takes its values from",
        responses={200: LinkSerializer, 204: None, **refusals()},
    )
    def get(self, request: Request, slug: str, type_name: str) -> Response:
        """Return the catalog and version; 204 where the values are the slot type's own."""
        return _link(visible_type(request, slug, type_name))

    @extend_schema(
        operation_id="slot_type_catalog_write",
        summary="Take the values of a slot type from a catalog",
        request=NewLinkSerializer,
        responses={200: LinkSerializer, **refusals(409, 413, 415)},
    )
    def put(self, request: Request, slug: str, type_name: str) -> Response:
        """Put the values of a version in the place of those that the slot type has."""
        slot_type = visible_type(request, slug, type_name)
        wanted = validated(NewLinkSerializer, request.data)
        chosen = catalogs.choices_for(request.user).filter(pk=wanted["catalog"]).first()
        if chosen is None:
            message = "You see no catalog of that id that has a version."
            raise InvalidFields({"catalog": [message]}, request.data)
        number = chosen.newest if wanted["newest"] else wanted.get("version", chosen.newest)
        version = chosen.versions.filter(number=number).first()
        if version is None:
            message = f"The catalog has no version {number}, but {chosen.newest} as its newest."
            raise InvalidFields({"version": [message]}, request.data)
        catalogs.attach(slot_type, None, version, follows=wanted["newest"])
        slot_type.refresh_from_db()
        return _link(slot_type)

    @extend_schema(
        operation_id="slot_type_catalog_delete",
        summary="Make the values of a slot type its own",
        responses={204: None, **refusals(409)},
    )
    def delete(self, request: Request, slug: str, type_name: str) -> Response:
        """Keep the values, and take no more from the catalog."""
        slot_type = visible_type(request, slug, type_name)
        if slot_type.catalog_id is not None:
            catalogs.detach(slot_type)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _link(slot_type: SlotType) -> Response:
    if slot_type.catalog_id is None:
        return Response(status=status.HTTP_204_NO_CONTENT)
    shown = {
        "catalog": slot_type.catalog_id,
        "version": slot_type.catalog_version,
        "newest": slot_type.follows_newest,
    }
    return Response(LinkSerializer(shown).data)
