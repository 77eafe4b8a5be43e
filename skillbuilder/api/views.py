"""Where programs look. Every view finds its object among those that the user may see."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.http import parse_etags, quote_etag
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from nlu_engine.alexa import for_alexa
from nlu_engine.dialogue import State
from nlu_engine.differences import differences
from nlu_engine.documents import MAX_PROBLEMS
from nlu_engine.interaction_model import InteractionModel
from skillbuilder.api.authentication import Holder
from skillbuilder.api.documents import InteractionModelParser
from skillbuilder.api.errors import InvalidFields, PreconditionFailed
from skillbuilder.api.pagination import NewestSkillsFirst
from skillbuilder.api.serializers import (
    ChecksSerializer,
    DialogueSerializer,
    ErrorSerializer,
    ExplanationPairSerializer,
    LogLineSerializer,
    NewRunSerializer,
    NewSkillSerializer,
    ParsePairSerializer,
    RunSerializer,
    SkillChangeSerializer,
    SkillSerializer,
    TurnSerializer,
    UploadSerializer,
    UtteranceSerializer,
    counts_of,
)
from skillbuilder.api.throttling import BuildThrottle
from skillbuilder.authoring.bin import put_away
from skillbuilder.authoring.catalog_documents import resolved, unknown_catalogs
from skillbuilder.authoring.checking import checked
from skillbuilder.authoring.editing import editing, locked
from skillbuilder.authoring.history import MOST_DIFFERENCES, noted_whole
from skillbuilder.authoring.import_export import (
    export_interaction_model,
    import_interaction_model,
    no_parts,
    refuse_errors,
)
from skillbuilder.authoring.models import ListedSkill, Skill
from skillbuilder.authoring.people import EDITOR, OWNER, VIEWER, let_in, refuse_role, seen_skill
from skillbuilder.authoring.skills import create_skill
from skillbuilder.training import artifacts, parse_log, runs
from skillbuilder.training.dialogues import converse
from skillbuilder.training.models import TrainingRun
from skillbuilder.training.progress import log_lines

EXAMPLE = {
    "interactionModel": {
        "languageModel": {
            "invocationName": "tiny kitchen",
            "intents": [
                {
                    "name": "OrderPizza",
                    "slots": [{"name": "size", "type": "Size"}],
                    "samples": ["order a {size} pizza", "i want a {size} pizza"],
                },
                {"name": "OpeningHours", "slots": [], "samples": ["when do you open"]},
            ],
            "types": [
                {
                    "name": "Size",
                    "values": [
                        {"name": {"value": "small"}},
                        {"id": "L", "name": {"value": "large", "synonyms": ["big"]}},
                    ],
                }
            ],
        }
    }
}


def refusals(*codes: int) -> dict[int, Any]:
    """Return the error responses of an endpoint, for its documentation."""
    return dict.fromkeys((400, 401, 403, 404, 429, *codes), OpenApiResponse(ErrorSerializer))


def visible_skill(request: Request, slug: str, *, changing: str = EDITOR) -> Skill:
    """Return the skill ``slug``; raises Http404 if the user may not see it.

    Raises PermissionDenied if the request is one that changes things and the user's role is
    less than ``changing``.
    """
    return seen_skill(slug, request.user, request.method, changing=changing)


def visible_run(request: Request, run_id: uuid.UUID) -> TrainingRun:
    """Return the run ``run_id``; raises Http404 and PermissionDenied like visible_skill."""
    runs_with = TrainingRun.objects.select_related("skill", "full_tier", "requested_by")
    run = get_object_or_404(runs_with.defer("snapshot"), pk=run_id)
    refuse_role(run.skill, request.user, request.method)
    return run


def validated(
    serializer_class: type[serializers.Serializer], data: Any, **options: Any
) -> dict[str, Any]:
    """Return ``data`` as ``serializer_class`` reads it; raises InvalidFields."""
    serializer = serializer_class(**options) if options else _serializer(serializer_class)
    try:
        return dict(serializer.run_validation(data))
    except serializers.ValidationError as error:
        raise InvalidFields(error.detail, data) from error


@lru_cache
def _serializer(serializer_class: type[serializers.Serializer]) -> serializers.Serializer:
    # It copies all its fields when it is first used, and keeps nothing of what it reads.
    return serializer_class()


class SkillList(generics.ListAPIView):
    """My skills."""

    serializer_class = SkillSerializer
    pagination_class = NewestSkillsFirst

    def get_queryset(self) -> Any:
        """Return the skills that the user may see."""
        if getattr(self, "swagger_fake_view", False):
            return Skill.objects.none()
        listed = ListedSkill.objects.filter(user=self.request.user.pk).select_related("skill")
        return listed.defer("search_text", "skill__extra", "skill__search_text")

    @extend_schema(
        operation_id="skills_list",
        summary="List my skills",
        responses={200: SkillSerializer(many=True), **refusals()},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List my skills, newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="skills_create",
        summary="Make a skill",
        request=NewSkillSerializer,
        responses={201: SkillSerializer, **refusals(409, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """Make an empty skill. Put its interaction model next."""
        wanted = validated(NewSkillSerializer, request.data)
        skill = create_skill(request.user, **wanted)
        address = reverse("api:skill", args=[skill.slug], request=request)
        return Response(
            SkillSerializer(skill).data, status.HTTP_201_CREATED, headers={"Location": address}
        )


class SkillDetail(APIView):
    """One skill."""

    @extend_schema(
        operation_id="skills_read",
        summary="Read a skill",
        responses={200: SkillSerializer, **refusals()},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Read a skill, without its interaction model."""
        return Response(SkillSerializer(visible_skill(request, slug)).data)

    @extend_schema(
        operation_id="skills_change",
        summary="Rename a skill or change its locale",
        request=SkillChangeSerializer,
        responses={200: SkillSerializer, **refusals(413, 415)},
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is given; a slug never changes, for others know it."""
        skill = visible_skill(request, slug)
        wanted = validated(SkillChangeSerializer, request.data)
        if wanted:
            with editing(skill, part=no_parts):
                Skill.objects.filter(pk=skill.pk).update(**wanted)
                skill.refresh_from_db()
        return Response(SkillSerializer(skill).data)

    @extend_schema(
        operation_id="skills_delete",
        summary="Delete a skill",
        responses={204: None, **refusals()},
    )
    def delete(self, request: Request, slug: str) -> Response:
        """Put a skill into its owner's bin, from which it can be restored for 30 days."""
        put_away(visible_skill(request, slug, changing=OWNER))
        return Response(status=status.HTTP_204_NO_CONTENT)


class InteractionModelDocument(APIView):
    """The interaction model of a skill, in Alexa's JSON."""

    parser_classes = [InteractionModelParser]

    @extend_schema(
        operation_id="interaction_model_read",
        summary="Download the interaction model",
        parameters=[
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER),
            OpenApiParameter(
                "for",
                str,
                enum=["skillbuilder", "alexa"],
                description="alexa leaves out our own settings of slot types, which Alexa refuses.",
            ),
        ],
        responses={
            200: OpenApiResponse(OpenApiTypes.OBJECT, "Alexa's JSON, its digest in the ETag."),
            304: None,
            **refusals(),
        },
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return everything in the skill, in the layout in which it was uploaded."""
        model = export_interaction_model(visible_skill(request, slug))
        if one_of(request, "for", ["skillbuilder", "alexa"]) == "alexa":
            model = for_alexa(model)
        tag = quote_etag(model.digest())
        if tag in strong_etags(request.headers.get("If-None-Match", "")):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": tag})
        return Response(model.to_json(), headers={"ETag": tag})

    @extend_schema(
        operation_id="interaction_model_replace",
        summary="Upload an interaction model",
        parameters=[
            OpenApiParameter(
                "dry_run", bool, description="Check everything and store nothing: 1 or 0."
            ),
            OpenApiParameter(
                "If-Match",
                str,
                OpenApiParameter.HEADER,
                description="The ETag that you downloaded; 412 if it has changed since.",
            ),
        ],
        request=OpenApiTypes.OBJECT,
        examples=[OpenApiExample("A small skill", value=EXAMPLE, request_only=True)],
        responses={200: UploadSerializer, **refusals(412, 413, 415)},
    )
    def put(self, request: Request, slug: str) -> Response:
        """Replace everything in the skill by the document, or refuse it with all problems."""
        skill = visible_skill(request, slug)
        dry_run = flag(request, "dry_run")
        model = InteractionModel.from_json(request.data)
        refuse_errors(model, skill.locale)
        model = resolved(model, request.user)
        with transaction.atomic():
            # Locked, so that nobody changes the skill between the comparison and the import.
            skill = locked(skill)
            old = export_interaction_model(skill)
            check_if_match(request, old.digest)
            if not dry_run:
                with noted_whole(skill):
                    import_interaction_model(skill, model, request.user)
        answer = {
            "stored": not dry_run,
            "digest": model.digest(),
            "counts": counts_of(model),
            "problems": [
                problem.to_dict()
                for problem in (
                    *model.problems(skill.locale),
                    *unknown_catalogs(model, request.user),
                )
            ],
        }
        if dry_run:
            found = differences(old, model)[:MOST_DIFFERENCES]
            return Response(answer | {"differences": [one.to_dict() for one in found]})
        return Response(answer, headers={"ETag": quote_etag(model.digest())})


class Checks(APIView):
    """What is wrong with a skill, and what makes it worse."""

    @extend_schema(
        operation_id="checks_list",
        summary="Check a skill",
        responses={200: ChecksSerializer, **refusals()},
    )
    def get(self, request: Request, slug: str) -> Response:
        """List broken rules, duplicates, near duplicates and the rest, and every limit's use."""
        found = checked(visible_skill(request, slug))
        listed = [check.to_dict() | {"dismissed": False} for check in found.shown[:MAX_PROBLEMS]]
        listed += [check.to_dict() | {"dismissed": True} for check in found.dismissed]
        limits = [asdict(limit) for limit in found.limits]
        checks = listed[:MAX_PROBLEMS]
        return Response({"counts": found.counts, "checks": checks, "limits": limits})


def flag(request: Request, name: str) -> bool:
    """Return the query parameter ``name``, False if absent; raises InvalidFields."""
    value = request.query_params.get(name, "0").lower()
    if value not in ("0", "1", "true", "false"):
        raise InvalidFields({name: [f"This is 1 or 0, not {value[:40]!r}."]}, {name: value})
    return value in ("1", "true")


def one_of(request: Request, name: str, known: list[str]) -> Any:
    """Return the query parameter ``name``, the first ``known`` if absent; raises InvalidFields."""
    value = request.query_params.get(name, known[0])
    if value not in known:
        message = f"This is one of {', '.join(known)}, not {value[:40]!r}."
        raise InvalidFields({name: [message]}, {name: value})
    return value


def strong_etags(header: str) -> list[str]:
    """Return the tags in ``header``; proxies that compress mark them weak, ours are not."""
    return [tag.removeprefix("W/") for tag in parse_etags(header)]


def check_if_match(request: Request, digest: Callable[[], str], *what: str) -> None:
    """Raise PreconditionFailed if the request has an If-Match that is not the ``digest``."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return
    current = quote_etag(digest())
    if current not in strong_etags(header):
        raise PreconditionFailed(current, *what)


class RunList(generics.ListAPIView):
    """The training runs of a skill."""

    serializer_class = RunSerializer
    throttle_classes = [*APIView.throttle_classes, BuildThrottle]

    def get_throttles(self) -> list[Any]:
        """Return the throttles; reading does not count as building."""
        self.build_scope = "builds" if self.request.method == "POST" else None
        return super().get_throttles()

    def get_queryset(self) -> QuerySet[TrainingRun]:
        """Return the runs of the skill, without their snapshots."""
        if getattr(self, "swagger_fake_view", False):
            return TrainingRun.objects.none()
        skill = visible_skill(self.request, self.kwargs["slug"])
        found = skill.training_runs.select_related("skill", "full_tier", "requested_by")
        return found.defer("snapshot")

    @extend_schema(
        operation_id="training_runs_list",
        summary="List the training runs of a skill",
        responses={200: RunSerializer(many=True), **refusals()},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the training runs of the skill, newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="training_runs_create",
        summary="Build: train both parsers",
        request=NewRunSerializer,
        responses={
            202: OpenApiResponse(RunSerializer, "Follow the Location until the run is over."),
            **refusals(413, 415),
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        """Train what is in the skill now.

        A run of the very same content is reused, whether queued, training or ready; one of
        other content that is still active is cancelled.
        """
        skill = visible_skill(request, slug)
        wanted = validated(NewRunSerializer, request.data)
        run, _ = runs.request_run(skill, seed=wanted["seed"])
        address = reverse("api:training-run", args=[run.pk], request=request)
        return Response(
            RunSerializer(run).data, status.HTTP_202_ACCEPTED, headers={"Location": address}
        )


class RunDetail(APIView):
    """One training run."""

    @extend_schema(
        operation_id="training_runs_read",
        summary="Read a training run",
        responses={200: RunSerializer, **refusals()},
    )
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        """Read where a run stands and what came of it."""
        return Response(RunSerializer(visible_run(request, run_id)).data)


class RunLog(APIView):
    """What happened to a training run."""

    @extend_schema(
        operation_id="training_runs_log",
        summary="Read the log of a training run",
        responses={200: LogLineSerializer(many=True), **refusals()},
    )
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        """Read what happened to a run, oldest first: its steps, workers, errors."""
        found = log_lines(visible_run(request, run_id))
        return Response(LogLineSerializer(found, many=True).data)


class RunCancel(APIView):
    """The end of a training run before its time."""

    @extend_schema(
        operation_id="training_runs_cancel",
        summary="Cancel a training run",
        request=None,
        responses={200: RunSerializer, **refusals()},
    )
    def post(self, request: Request, run_id: uuid.UUID) -> Response:
        """Cancel a run at once; a run that is over stays as it is."""
        run = visible_run(request, run_id)
        runs.cancel_run(run)
        return Response(RunSerializer(visible_run(request, run_id)).data)


class Parse(APIView):
    """Both parses of an utterance."""

    # The query for the token tells what it needs to know (TokenAuthentication).
    parses = True

    @extend_schema(
        operation_id="parse",
        summary="Parse an utterance with both parsers",
        request=UtteranceSerializer,
        responses={200: ParsePairSerializer, **refusals(409, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Parse an utterance with the skill's latest ready run."""
        skill, run = self.asked(request, slug)
        wanted = validated(UtteranceSerializer, request.data)
        if run is None:
            raise runs.NotTrained(skill)
        pair = artifacts.parse_by(run, wanted["utterance"], wanted["referenceTimestamp"])
        if run.is_logged:
            parse_log.record(skill, run, pair)
        timing = f"load;dur={pair.load_ms:.1f}, " if pair.load_ms else ""
        timing += f"neural;dur={pair.neural_ms:.1f}, maxent-crf;dur={pair.maxent_crf_ms:.1f}"
        answer = pair.to_dict() | {"serves": run.serves}
        return Response(answer, headers={"Server-Timing": timing})

    def asked(self, request: Request, slug: str) -> tuple[Skill, TrainingRun | None]:
        """Return the skill ``slug`` and what serves it; raises like visible_skill."""
        told = request.auth
        if not isinstance(told, Holder):
            skill = visible_skill(request, slug, changing=VIEWER)
            return skill, runs.serving_run(skill)
        if told.skill is None:
            raise Http404
        return let_in(told.skill, told.user, told.role, VIEWER), told.run


class Explain(APIView):
    """Why both parsers answered as they did."""

    @extend_schema(
        operation_id="explain",
        summary="Explain the parses of an utterance",
        request=UtteranceSerializer,
        responses={200: ExplanationPairSerializer, **refusals(409, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Tell near samples, values, probabilities of tags, and what the answers came from."""
        skill = visible_skill(request, slug, changing=VIEWER)
        wanted = validated(UtteranceSerializer, request.data)
        run = runs.latest_ready_run(skill)
        if run is None:
            raise runs.NotTrained(skill)
        return Response(artifacts.explainer_of(run).to_dict(wanted["utterance"]))


class Dialogue(APIView):
    """A dialogue, turn by turn; the server keeps nothing of it."""

    @extend_schema(
        operation_id="dialogue",
        summary="Say something in a dialogue",
        request=DialogueSerializer,
        responses={200: TurnSerializer, **refusals(409, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Elicit, validate and confirm slots by the dialog model until an intent is fulfilled.

        Without a state the utterance begins a dialogue. Send the state of each answer back
        with the next utterance. The skill's latest ready run parses; dialog and prompts are
        those that the skill has now.
        """
        skill = visible_skill(request, slug, changing=VIEWER)
        wanted = validated(DialogueSerializer, request.data)
        state = None if wanted["state"] is None else State.from_dict(wanted["state"])
        turn, parsed = converse(
            skill,
            state,
            wanted["utterance"],
            reference=wanted["referenceTimestamp"],
            parser=wanted["parser"],
        )
        return Response(turn.to_dict() | {"parse": parsed.to_dict()})
