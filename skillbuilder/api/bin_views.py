"""The bin, for programs: deleted skills, restored or deleted for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from skillbuilder.api.pagination import NewestFirst
from skillbuilder.api.serializers import SkillSerializer
from skillbuilder.api.views import refusals
from skillbuilder.authoring import bin
from skillbuilder.authoring.models import Skill


class BinnedSkillSerializer(SkillSerializer):
    """A skill in the bin."""

    deleted_at = serializers.DateTimeField(source="binned_at", read_only=True)
    leaves_at = serializers.SerializerMethodField(help_text="When it is deleted for good.")

    class Meta(SkillSerializer.Meta):
        fields = [*SkillSerializer.Meta.fields, "deleted_at", "leaves_at"]
        read_only_fields = fields

    def get_leaves_at(self, skill: Skill) -> datetime:
        """Return when the skill leaves the bin for good."""
        return bin.leaves_at(skill)


class LastDeletedFirst(NewestFirst):
    """The skill that was deleted last comes first."""

    ordering = ("-binned_at", "-pk")


class Bin(generics.ListAPIView):
    """My deleted skills."""

    serializer_class = BinnedSkillSerializer
    pagination_class = LastDeletedFirst

    def get_queryset(self) -> QuerySet[Skill]:
        """Return the skills in the user's bin."""
        return bin.bin_of(self.request.user)

    @extend_schema(
        operation_id="bin_list",
        summary="List my deleted skills",
        responses={200: BinnedSkillSerializer(many=True), **refusals()},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List my skills in the bin, the last deleted first."""
        return super().get(request, *args, **kwargs)


class BinnedSkill(APIView):
    """One skill in the bin."""

    @extend_schema(
        operation_id="bin_delete",
        summary="Delete a skill for good",
        responses={204: None, **refusals()},
    )
    def delete(self, request: Request, slug: str) -> Response:
        """Delete a skill in the bin with its history, training runs and artifacts."""
        bin.delete_for_good(request.user, slug)
        return Response(status=status.HTTP_204_NO_CONTENT)


class BinRestore(APIView):
    """The way out of the bin."""

    @extend_schema(
        operation_id="bin_restore",
        summary="Restore a deleted skill",
        request=None,
        responses={200: SkillSerializer, **refusals()},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Take a skill out of the bin, with its people, versions and annotation sets."""
        return Response(SkillSerializer(bin.restore(request.user, slug)).data)
