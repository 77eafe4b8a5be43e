"""Annotation sets and their evaluation, for programs: CI uploads a set, evaluates, reads on."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Count
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from nlu_engine.annotations import Annotation, read_annotations, to_json
from skillbuilder.api.documents import CsvParser, JsonFileParser
from skillbuilder.api.errors import InvalidFields
from skillbuilder.api.serializers import NameField, RunErrorSerializer, StrictSerializer
from skillbuilder.api.views import one_of, refusals, validated, visible_skill
from skillbuilder.authoring import annotation_sets as sets
from skillbuilder.authoring.editing import stamp
from skillbuilder.authoring.models import AnnotationSet
from skillbuilder.authoring.people import refuse_role
from skillbuilder.training import evaluations, results, runs
from skillbuilder.training.models import Evaluation

_FORMATS = {"json": "json", "csv": "csv", "junit": "xml"}


class AnnotationSetSerializer(serializers.Serializer):
    """An annotation set, without its annotations."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    annotations = serializers.IntegerField(source="count")
    threshold = serializers.FloatField(
        allow_null=True, help_text="The frame accuracy that a version needs to go live."
    )


class NewSetSerializer(StrictSerializer):
    """An annotation set to be made."""

    name = NameField()


class StoredSerializer(serializers.Serializer):
    """What came of an upload."""

    annotations = serializers.IntegerField(help_text="How many the set has now.")


class AddedSerializer(StoredSerializer):
    """What came of annotations that were added."""

    added = serializers.IntegerField()
    known = serializers.IntegerField(help_text="How many the set had already.")


class NewEvaluationSerializer(StrictSerializer):
    """What to evaluate."""

    run = serializers.UUIDField(
        required=False, help_text="A training run; the one that the skill parses with if absent."
    )


class EvaluationSerializer(serializers.ModelSerializer):
    """An evaluation: where it stands, and the measures of both parsers."""

    progress = serializers.FloatField(read_only=True, min_value=0, max_value=1)
    metrics = serializers.DictField(
        read_only=True, help_text="By parser (neural, maxent_crf) all measures, shares in [0, 1]."
    )
    error = serializers.SerializerMethodField()

    class Meta:
        model = Evaluation
        fields = [
            "id",
            "run",
            "annotation_set",
            "kind",
            "status",
            "step",
            "progress",
            "error",
            "metrics",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields

    @extend_schema_field(RunErrorSerializer(allow_null=True))
    def get_error(self, evaluation: Evaluation) -> dict[str, str] | None:
        """Return why the evaluation failed, None if it did not."""
        if not evaluation.error_code:
            return None
        return {"code": evaluation.error_code, "message": evaluation.error_message}


def visible_set(request: Request, slug: str, set_id: int) -> AnnotationSet:
    """Return the set; raises Http404 and PermissionDenied like visible_skill."""
    skill = visible_skill(request, slug)
    found = skill.annotation_sets.annotate(count=Count("annotations")).select_related("skill")
    return get_object_or_404(found, pk=set_id)


def visible_evaluation(request: Request, evaluation_id: uuid.UUID) -> Evaluation:
    """Return the evaluation; raises Http404 and PermissionDenied like visible_skill."""
    kept = Evaluation.objects.filter(annotation_set__deleted_at=None)
    rows = kept.select_related("skill", "annotation_set")
    evaluation = get_object_or_404(rows, pk=evaluation_id)
    refuse_role(evaluation.skill, request.user, request.method)
    return evaluation


class AnnotationSets(APIView):
    """The annotation sets of a skill."""

    @extend_schema(
        operation_id="annotation_sets_list",
        summary="List the annotation sets of a skill",
        responses={200: AnnotationSetSerializer(many=True), **refusals()},
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the annotation sets, by name."""
        listed = visible_skill(request, slug).annotation_sets.annotate(count=Count("annotations"))
        return Response(AnnotationSetSerializer(listed, many=True).data)

    @extend_schema(
        operation_id="annotation_sets_create",
        summary="Make an annotation set",
        request=NewSetSerializer,
        responses={201: AnnotationSetSerializer, **refusals(409, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Make an empty set. Put its annotations next."""
        skill = visible_skill(request, slug)
        made = sets.create_set(skill, validated(NewSetSerializer, request.data)["name"])
        address = reverse("api:annotation-set", args=[slug, made.pk], request=request)
        shown = {"id": made.pk, "name": made.name, "count": 0, "threshold": None}
        return Response(
            AnnotationSetSerializer(shown).data,
            status.HTTP_201_CREATED,
            headers={"Location": address},
        )


class AnnotationSetDetail(APIView):
    """One annotation set."""

    @extend_schema(
        operation_id="annotation_sets_read",
        summary="Read an annotation set",
        responses={200: AnnotationSetSerializer, **refusals()},
    )
    def get(self, request: Request, slug: str, set_id: int) -> Response:
        """Read a set, without its annotations."""
        return Response(AnnotationSetSerializer(visible_set(request, slug, set_id)).data)

    @extend_schema(
        operation_id="annotation_sets_delete",
        summary="Delete an annotation set",
        responses={204: None, **refusals(409)},
    )
    def delete(self, request: Request, slug: str, set_id: int) -> Response:
        """Delete a set with its annotations and results; the history of the skill can undo it."""
        found = visible_set(request, slug, set_id)
        sets.delete_set(found, stamp(found))
        return Response(status=status.HTTP_204_NO_CONTENT)


UPLOAD = {"application/json": OpenApiTypes.OBJECT, "text/csv": OpenApiTypes.STR}
"""What an upload may be: Alexa's JSON or CSV; JSON lines too, as application/x-ndjson."""


class Annotations(APIView):
    """What is in an annotation set, in Alexa's JSON; uploads in any format of the pages."""

    parser_classes = [JsonFileParser, CsvParser]

    @extend_schema(
        operation_id="annotations_read",
        summary="Download the annotations",
        responses={200: OpenApiTypes.OBJECT, **refusals()},
    )
    def get(self, request: Request, slug: str, set_id: int) -> Response:
        """Return all annotations of the set in Alexa's JSON."""
        return Response(to_json(sets.expected_in(visible_set(request, slug, set_id))))

    @extend_schema(
        operation_id="annotations_replace",
        summary="Upload the annotations",
        request=UPLOAD,
        responses={200: StoredSerializer, **refusals(409, 413, 415)},
    )
    def put(self, request: Request, slug: str, set_id: int) -> Response:
        """Replace all annotations of the set, or refuse the document with all problems.

        Alexa's JSON, JSON lines (application/x-ndjson) or CSV.
        """
        found = visible_set(request, slug, set_id)
        new = sent_annotations(request)
        sets.replace_annotations(found, new)
        return Response({"annotations": len(new)})

    @extend_schema(
        operation_id="annotations_add",
        summary="Add annotations",
        request=UPLOAD,
        responses={200: AddedSerializer, **refusals(409, 413, 415)},
    )
    def post(self, request: Request, slug: str, set_id: int) -> Response:
        """Add those that the set does not have yet, all or none: a large set goes up in parts."""
        found = visible_set(request, slug, set_id)
        new = sent_annotations(request)
        added = sets.add_annotations(found, new)
        told = {"annotations": found.annotations.count(), "added": added}
        return Response(told | {"known": len(new) - added})


def sent_annotations(request: Request) -> list[Annotation]:
    """Return the annotations that ``request`` holds; raises InvalidAnnotationSet."""
    sent: Any = request.data
    # Without a body REST framework gives an empty form.
    return read_annotations(sent if isinstance(sent, bytes) else b"")


class Evaluations(APIView):
    """The evaluations on an annotation set."""

    @extend_schema(
        operation_id="evaluations_list",
        summary="List the evaluations on an annotation set",
        responses={200: EvaluationSerializer(many=True), **refusals()},
    )
    def get(self, request: Request, slug: str, set_id: int) -> Response:
        """List the newest evaluations, at most 50."""
        found = visible_set(request, slug, set_id).evaluations.all()[:50]
        return Response(EvaluationSerializer(found, many=True).data)

    @extend_schema(
        operation_id="evaluations_create",
        summary="Evaluate: run both parsers on the set",
        request=NewEvaluationSerializer,
        responses={
            202: OpenApiResponse(EvaluationSerializer, "Follow the Location until it is over."),
            **refusals(409, 413, 415),
        },
    )
    def post(self, request: Request, slug: str, set_id: int) -> Response:
        """Evaluate a version on what is in the set now; the same is never done twice."""
        found = visible_set(request, slug, set_id)
        wanted = validated(NewEvaluationSerializer, request.data).get("run")
        if wanted:
            run = found.skill.training_runs.filter(pk=wanted).defer("snapshot").first()
            if run is None:
                message = "The skill has no training run of that id."
                raise InvalidFields({"run": [message]}, request.data)
        else:
            run = runs.latest_ready_run(found.skill)
        if run is None:
            raise runs.NotTrained(found.skill)
        evaluation, _ = evaluations.request_evaluation(run, found)
        address = reverse("api:evaluation", args=[evaluation.pk], request=request)
        shown = EvaluationSerializer(evaluation).data
        return Response(shown, status.HTTP_202_ACCEPTED, headers={"Location": address})


class EvaluationDetail(APIView):
    """One evaluation."""

    @extend_schema(
        operation_id="evaluations_read",
        summary="Read an evaluation",
        responses={200: EvaluationSerializer, **refusals()},
    )
    def get(self, request: Request, evaluation_id: uuid.UUID) -> Response:
        """Read where an evaluation stands and what came of it."""
        return Response(EvaluationSerializer(visible_evaluation(request, evaluation_id)).data)


class EvaluationResults(APIView):
    """The rows of an evaluation, as a file."""

    @extend_schema(
        operation_id="evaluations_results",
        summary="Download the results of an evaluation",
        parameters=[
            OpenApiParameter("parser", str, enum=list(results.PARSERS)),
            OpenApiParameter("as", str, enum=list(_FORMATS), description="junit is for CI."),
        ],
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/xml"): OpenApiTypes.STR,
            **refusals(),
        },
    )
    def get(self, request: Request, evaluation_id: uuid.UUID) -> StreamingHttpResponse:
        """Return all rows, the failing ones first, of one parser: neural if none is named."""
        evaluation = visible_evaluation(request, evaluation_id)
        parser = one_of(request, "parser", list(results.PARSERS))
        kind = one_of(request, "as", list(_FORMATS))
        content_type, write = results.WRITERS[_FORMATS[kind]]
        return StreamingHttpResponse(write(evaluation, parser), content_type=content_type)
