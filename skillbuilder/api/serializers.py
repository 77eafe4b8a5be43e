"""What the API reads and writes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, get_args

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from nlu_engine.checks import SEVERITIES, Do
from nlu_engine.dialogue import CONFIRM_INTENT, CONFIRM_SLOT, ELICIT_SLOT, OUTCOMES
from nlu_engine.documents import MAX_PROBLEMS
from nlu_engine.frames import MAX_UTTERANCE_LENGTH
from nlu_engine.interaction_model import LOCALES, InteractionModel
from nlu_engine.resolution import MATCH, NO_MATCH
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.skills import check_name
from skillbuilder.training.dialogues import PARSERS
from skillbuilder.training.models import Build, BuildLogLine, FullTier, TrainingRun
from skillbuilder.training.progress import step_states
from skillbuilder.training.state import edited_since
from skillbuilder.training.turns import builds_ahead


class TextField(serializers.CharField):
    """Text and nothing that merely can be turned into text."""

    def to_internal_value(self, data: Any) -> str:
        """Return ``data`` if it is text; raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


# A name for readers of the document: no control character, and something to be seen, as
# authoring.skills.check_name has it (a test compares them). Escapes that every JSON schema
# validator knows, so characters beyond U+FFFF stay out.
_CONTROLS = r"\u0000-\u001f\u007f-\u009f"
_UNSEEN = (
    r"\u0000-\u0020\u007f-\u00a0\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u1680"
    r"\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f\u3000\ufeff\ufff9-\ufffb"
)
NAME_PATTERN = f"^[^{_CONTROLS}]*[^{_UNSEEN}][^{_CONTROLS}]*$"
NAME_LENGTH = 120


@extend_schema_field(
    {"type": "string", "minLength": 1, "maxLength": NAME_LENGTH, "pattern": NAME_PATTERN}
)
class NameField(TextField):
    """The name of a skill."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=NAME_LENGTH, validators=[check_name], **options)

    def to_internal_value(self, data: Any) -> str:
        """Return ``data`` without spaces around it, which count as the document says."""
        if isinstance(data, str) and len(data) > NAME_LENGTH:
            message = self.error_messages["max_length"].format(max_length=NAME_LENGTH)
            raise serializers.ValidationError(message, "max_length")
        return super().to_internal_value(data)


class SlugField(serializers.SlugField):
    """A slug that is text already."""

    def to_internal_value(self, data: Any) -> str:
        """Return ``data`` if it is a slug; raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction; "5" and true are none."""

    def to_internal_value(self, data: Any) -> int:
        """Return ``data`` if it is a whole number; raises ValidationError."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictSerializer(serializers.Serializer):
    """Refuses keys that it does not know, which are misspelt more often than meant."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated data; raises ValidationError."""
        known = {name for name, field in self.fields.items() if not field.read_only}
        unknown = [key for key in data if key not in known] if isinstance(data, dict) else []
        if unknown:
            names = ", ".join(sorted(known))
            message = f"There is no such field here. Fields: {names}."
            listed = {key: [message] for key in unknown[:MAX_PROBLEMS]}
            raise serializers.ValidationError(listed, "unknown-field")
        return super().to_internal_value(data)


class NewSkillSerializer(StrictSerializer):
    """A skill to be made."""

    name = NameField()
    slug = SlugField(max_length=100, required=False, help_text="Derived from the name if absent.")
    locale = serializers.ChoiceField(choices=LOCALES, default="en-US")


class SkillChangeSerializer(StrictSerializer):
    """What of a skill can be changed; its content is its interaction model."""

    name = NameField(required=False)
    locale = serializers.ChoiceField(choices=LOCALES, required=False)


class SkillSerializer(serializers.ModelSerializer):
    """A skill, without its interaction model."""

    class Meta:
        model = Skill
        fields = ["name", "slug", "locale", "revision", "created_at", "updated_at"]
        read_only_fields = fields


class NewRunSerializer(StrictSerializer):
    """How to train; everything has a default."""

    seed = WholeNumberField(min_value=0, max_value=2**31 - 1, default=0)


@extend_schema_field({"type": "string", "nullable": True})
class UserNameOrNone(serializers.CharField):
    """The name of the user that a row names, None where it names none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def to_representation(self, value: Any) -> str:
        """Return the user's name."""
        return str(value.username)


class RunErrorSerializer(serializers.Serializer):
    """Why a run failed."""

    code = serializers.CharField()
    message = serializers.CharField()


class StepSerializer(serializers.Serializer):
    """A step of a build; times in seconds, the expected one from past builds of about that size."""

    name = serializers.CharField()
    state = serializers.ChoiceField(["waiting", "active", "done", "failed"])
    seconds = serializers.FloatField(allow_null=True)
    expected_seconds = serializers.FloatField(allow_null=True)


class LogLineSerializer(serializers.ModelSerializer):
    """Something that happened to a build."""

    class Meta:
        model = BuildLogLine
        fields = ["created_at", "tier", "level", "step", "text"]
        read_only_fields = fields


class BuildSerializer(serializers.ModelSerializer):
    """What the quick tier and the full tier of a version have in common: where it stands."""

    metrics = serializers.DictField(read_only=True)
    progress = serializers.FloatField(read_only=True, min_value=0, max_value=1)
    error = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()
    queue_position = serializers.SerializerMethodField()

    @extend_schema_field(RunErrorSerializer(allow_null=True))
    def get_error(self, build: Build) -> dict[str, str] | None:
        """Return why it failed, None if it did not."""
        if not build.error_code:
            return None
        return {"code": build.error_code, "message": build.error_message}

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, build: Build) -> list[dict[str, Any]]:
        """Return where each step of the build stands."""
        return [asdict(step) for step in step_states(build)]

    def get_queue_position(self, build: Build) -> int | None:
        """Return how many builds come before this one, None if it does not wait."""
        return builds_ahead(build) if build.status == Build.Status.QUEUED else None


STANDING = [
    "status",
    "step",
    "progress",
    "steps",
    "queue_position",
    "attempts",
    "error",
    "metrics",
    "gate",
    "gate_reason",
    "created_at",
    "started_at",
    "finished_at",
]


class FullTierSerializer(BuildSerializer):
    """The full tier of a version: trained after the quick one, then it takes over."""

    class Meta:
        model = FullTier
        fields = STANDING
        read_only_fields = fields


class RunSerializer(BuildSerializer):
    """A training run: where it stands and what came of it.

    It is ready when its quick tier is; ``tier`` tells which tier answers, ``full_tier`` where the
    full one stands, null if none was asked for.
    """

    skill: serializers.SlugRelatedField[Skill] = serializers.SlugRelatedField(
        slug_field="slug", read_only=True
    )
    requested_by = UserNameOrNone(help_text="Null of a program without an account.")
    notes = serializers.ListField(child=serializers.CharField(), read_only=True)
    edited_since = serializers.SerializerMethodField()
    full_tier = serializers.SerializerMethodField()

    class Meta:
        model = TrainingRun
        fields = [
            "id",
            "number",
            "skill",
            "name",
            "tier",
            "full_tier",
            "edited_since",
            "notes",
            "digest",
            "locale",
            "seed",
            "engine_version",
            "embeddings",
            "serves",
            "serves_reason",
            "requested_by",
            *STANDING,
        ]
        read_only_fields = fields

    @extend_schema_field(FullTierSerializer(allow_null=True))
    def get_full_tier(self, run: TrainingRun) -> dict[str, Any] | None:
        """Return where the full tier stands, None if none was asked for."""
        full = getattr(run, "full_tier", None)
        return None if full is None else dict(FullTierSerializer(full).data)

    def get_edited_since(self, run: TrainingRun) -> bool:
        """Return whether the skill was edited while this build is under way."""
        return run.is_active and edited_since(run.skill, run)


@extend_schema_field({"type": "string", "format": "date-time"})
class TimestampField(TextField):
    """A moment in ISO 8601, its offset kept, for it tells the date; UTC where it has none."""

    default_error_messages = {"timestamp": "Write it like 2026-11-24T09:00:00Z."}

    def to_internal_value(self, data: Any) -> Any:
        """Return the moment as a datetime; raises ValidationError."""
        try:
            moment = datetime.fromisoformat(super().to_internal_value(data))
        except ValueError:
            self.fail("timestamp")
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class UtteranceSerializer(StrictSerializer):
    """An utterance to be parsed; whether it can be is for the engine to say."""

    utterance = TextField(
        trim_whitespace=False,
        allow_blank=True,
        help_text=f"One to {MAX_UTTERANCE_LENGTH:,} characters, not only spaces.",
    )
    referenceTimestamp = TimestampField(
        default=None,
        allow_null=True,
        help_text='What "tomorrow" is relative to; its own offset tells the date. Now, in UTC, '
        "if absent.",
    )


class RankedIntentSerializer(serializers.Serializer):
    """An intent and how likely it is."""

    intent = serializers.CharField()
    confidence = serializers.FloatField()


class SaidValueSerializer(serializers.Serializer):
    """One of several values that were said in one slot."""

    text = serializers.CharField()
    value = serializers.CharField(help_text="What it resolves to; the text if to nothing.")
    id = serializers.CharField(allow_null=True, help_text="The id of the value, if it has one.")
    status = serializers.ChoiceField(choices=[MATCH, NO_MATCH], allow_null=True)


class SlotSerializer(serializers.Serializer):
    """A slot that was found: ``utterance[start:end] == text``."""

    name = serializers.CharField()
    start = serializers.IntegerField()
    end = serializers.IntegerField(help_text="Exclusive; in Unicode code points.")
    text = serializers.CharField()
    value = serializers.CharField(help_text="What it resolves to; the text if to nothing.")
    id = serializers.CharField(allow_null=True, help_text="The id of the value, if it has one.")
    status = serializers.ChoiceField(
        choices=[MATCH, NO_MATCH],
        allow_null=True,
        help_text="Whether the slot's type knows the value; null where it has no type.",
    )
    confidence = serializers.FloatField(
        allow_null=True, help_text="How likely just this span is this slot."
    )
    values = SaidValueSerializer(
        many=True, required=False, help_text="Each value, of a slot with multipleValues alone."
    )


class ParseSerializer(RankedIntentSerializer):
    """What one parser made of the utterance."""

    out_of_scope = serializers.FloatField(
        allow_null=True,
        help_text="How likely no intent is meant; null without AMAZON.FallbackIntent.",
    )
    alternatives = RankedIntentSerializer(many=True)
    slots = SlotSerializer(many=True)
    refused = SlotSerializer(
        many=True,
        help_text="Words of slots whose types are closed and do not know them: no slot has them.",
    )


class ParsePairSerializer(serializers.Serializer):
    """What both parsers made of it, as the command line prints it."""

    utterance = serializers.CharField()
    neural = ParseSerializer()
    maxent_crf = ParseSerializer()
    serves = serializers.ChoiceField(
        choices=["neural", "maxent_crf"],
        help_text="Which of them has more of the skill's annotations right.",
    )


class ContributionSerializer(serializers.Serializer):
    """What a feature of MaxEnt-CRF adds to a score, and to that of the next likeliest answer."""

    feature = serializers.CharField()
    label = serializers.CharField(help_text="The feature in words.")  # type: ignore[assignment]
    weight = serializers.FloatField()
    rival = serializers.FloatField()


class IntentScoresSerializer(serializers.Serializer):
    """How MaxEnt scored its intent: the intercept and all features added up."""

    intent = serializers.CharField()
    rival = serializers.CharField(help_text="The next likeliest.", allow_blank=True)
    score = serializers.FloatField()
    rival_score = serializers.FloatField()
    intercept = serializers.FloatField()
    rival_intercept = serializers.FloatField()
    features = ContributionSerializer(many=True)


class NearSampleSerializer(serializers.Serializer):
    """A sample utterance that means nearly the same."""

    intent = serializers.CharField()
    sample = serializers.CharField()
    similarity = serializers.FloatField(help_text="By the shared embeddings, at most 1.")


class PlacedSerializer(serializers.Serializer):
    """Words of the utterance: ``utterance[start:end] == text``."""

    text = serializers.CharField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()


class ValueHitSerializer(PlacedSerializer):
    """Words that are a value or a synonym of a slot type."""

    slot_type = serializers.CharField(allow_blank=True)
    value = serializers.CharField()
    slots = serializers.ListField(child=serializers.CharField())
    taken = serializers.BooleanField(help_text="Whether the parser found a slot just there.")


class TagSerializer(serializers.Serializer):
    """A tag, "B-size", "I-size" or "O", and its probability at a word."""

    tag = serializers.CharField()
    probability = serializers.FloatField()


class TokenSerializer(PlacedSerializer, TagSerializer):
    """A word with its tag, the other likely tags, and what MaxEnt-CRF found it by."""

    tags = TagSerializer(many=True)
    features = ContributionSerializer(many=True)


class MaskedWordSerializer(PlacedSerializer):
    """A word without which the DNN answers otherwise, and that answer."""

    intent = serializers.CharField()
    confidence = serializers.FloatField(help_text="In the intent that is answered with the word.")
    change = serializers.FloatField(help_text="Of that confidence; below 0 the word helps.")
    slots = serializers.ListField(
        child=serializers.CharField(), help_text="Those of other words that are found otherwise."
    )


class ExplanationSerializer(RankedIntentSerializer):
    """Why one parser answered as it did."""

    looked_up = serializers.BooleanField(help_text="A built-in intent says exactly this.")
    sample = serializers.CharField(allow_null=True, help_text="The sample that it exactly is.")
    out_of_scope = serializers.FloatField(allow_null=True)
    out_of_scope_threshold = serializers.FloatField(
        allow_null=True, help_text="Above it the fallback answers; null without one."
    )
    near_samples = NearSampleSerializer(many=True)
    value_hits = ValueHitSerializer(many=True)
    tokens = TokenSerializer(many=True)
    masked_words = MaskedWordSerializer(many=True, help_text="The DNN's; else empty.")
    intent_scores = IntentScoresSerializer(allow_null=True, help_text="MaxEnt-CRF's; else null.")


class ExplanationPairSerializer(serializers.Serializer):
    """Why both parsers answered as they did."""

    utterance = serializers.CharField()
    neural = ExplanationSerializer()
    maxent_crf = ExplanationSerializer()


class DialogActSerializer(serializers.Serializer):
    """What is asked, in Alexa's words."""

    type = serializers.ChoiceField(choices=[ELICIT_SLOT, CONFIRM_SLOT, CONFIRM_INTENT])
    targetSlot = serializers.CharField(
        allow_blank=True, help_text="Empty where the intent is asked about."
    )


class FilledSlotSerializer(serializers.Serializer):
    """A slot of a dialogue, with what was said for it."""

    name = serializers.CharField()
    text = serializers.CharField()
    value = serializers.CharField()
    id = serializers.CharField(allow_null=True)
    status = serializers.CharField(allow_null=True)
    confirmationStatus = serializers.CharField(help_text="NONE, CONFIRMED or DENIED.")
    values = SaidValueSerializer(
        many=True, required=False, help_text="Each value, of a slot that takes several."
    )


class StateSerializer(serializers.Serializer):
    """Where a dialogue stands; send it back with the next utterance as it is."""

    intent = serializers.CharField()
    confirmationStatus = serializers.CharField()
    slots = serializers.DictField(child=FilledSlotSerializer())
    asked = DialogActSerializer(allow_null=True)
    turns = serializers.IntegerField()


class TurnSerializer(serializers.Serializer):
    """What came of an utterance in a dialogue."""

    outcome = serializers.ChoiceField(choices=OUTCOMES)
    prompt = serializers.CharField(allow_blank=True)
    dialogAct = DialogActSerializer(allow_null=True)
    violated = serializers.CharField(
        allow_blank=True, help_text="The validation that the value does not pass."
    )
    notes = serializers.ListField(child=serializers.CharField())
    state = StateSerializer()
    parse = ParseSerializer()


@extend_schema_field({"type": "object", "additionalProperties": True, "nullable": True})
class StateField(serializers.JSONField):
    """The state of a dialogue; whether it is one is for the engine to say."""


class DialogueSerializer(UtteranceSerializer):
    """The next utterance of a dialogue."""

    state = StateField(
        default=None, allow_null=True, help_text="That of the last answer; none to begin."
    )
    parser = serializers.ChoiceField(choices=PARSERS, default="neural")


class ProblemSerializer(serializers.Serializer):
    """One thing that is wrong or doubtful, with its place and its fix."""

    code = serializers.CharField()
    path = serializers.CharField(help_text="A JSON path.")
    message = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    fix = serializers.CharField(allow_blank=True)
    severity = serializers.ChoiceField(choices=["error", "warning"])


class FixSerializer(serializers.Serializer):
    """A change that would settle a check."""

    do = serializers.ChoiceField(choices=get_args(Do))
    label = serializers.CharField(help_text="What the button says.")  # type: ignore[assignment]
    within = serializers.CharField(help_text="The intent or slot type.", allow_blank=True)
    text = serializers.CharField(
        help_text="What to change in it: a sample, a slot, a value.", allow_blank=True
    )
    number = serializers.IntegerField(help_text="The place of that in its list.")
    to = serializers.CharField(
        help_text="The other intent, the new text, or the synonym to remove.", allow_blank=True
    )


class CheckSerializer(ProblemSerializer):
    """A problem or hint, with the object it is about and the fixes there are."""

    severity = serializers.ChoiceField(choices=SEVERITIES)
    key = serializers.CharField(help_text="Stays the same however the skill changes elsewhere.")
    subject = serializers.CharField(help_text="The intent or slot type.", allow_blank=True)
    other = serializers.CharField(help_text="What it clashes with.", allow_blank=True)
    is_rule = serializers.BooleanField(help_text="Whether a rule of the document is broken.")
    fixes = FixSerializer(many=True)
    dismissed = serializers.BooleanField()


class LimitSerializer(serializers.Serializer):
    """A bound and how much of it is used."""

    name = serializers.CharField()
    used = serializers.IntegerField()
    most = serializers.IntegerField()
    severity = serializers.ChoiceField(choices=SEVERITIES, help_text="Of going beyond it.")


class CheckCountsSerializer(serializers.Serializer):
    """How many checks there are."""

    error = serializers.IntegerField()
    warning = serializers.IntegerField()
    hint = serializers.IntegerField()
    dismissed = serializers.IntegerField()


class ChecksSerializer(serializers.Serializer):
    """All checks of a skill, the worst first, and its limits."""

    counts = CheckCountsSerializer()
    checks = CheckSerializer(many=True, help_text=f"The first {MAX_PROBLEMS}, dismissed ones last.")
    limits = LimitSerializer(many=True)


class ErrorSerializer(serializers.Serializer):
    """The one shape of everything that goes wrong."""

    code = serializers.CharField()
    message = serializers.CharField()
    problems = ProblemSerializer(many=True)


class CountsSerializer(serializers.Serializer):
    """How much there is in an interaction model."""

    intents = serializers.IntegerField()
    custom_intents = serializers.IntegerField()
    slots = serializers.IntegerField()
    samples = serializers.IntegerField()
    slot_types = serializers.IntegerField()
    slot_values = serializers.IntegerField()


class DifferenceSerializer(serializers.Serializer):
    """One thing that changed or happened."""

    kind = serializers.CharField(
        help_text='"added", "removed", "renamed", "invited", "asked to build"...'
    )
    what = serializers.CharField(help_text='"intent", "sample", "person", "version"...')
    within = serializers.CharField(help_text="The intent or slot type that it is part of, or none.")
    name = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class UploadSerializer(serializers.Serializer):
    """What came of an upload, or would come of it."""

    stored = serializers.BooleanField(help_text="False for a dry run.")
    digest = serializers.CharField(help_text="The ETag, without its quotation marks.")
    counts = CountsSerializer()
    problems = ProblemSerializer(many=True, help_text="Warnings only: errors are refused.")
    differences = DifferenceSerializer(
        many=True, required=False, help_text="Of a dry run: what it would change, the first of it."
    )


def counts_of(model: InteractionModel) -> dict[str, int]:
    """Return how much there is in ``model``, as CountsSerializer has it."""
    return {
        "intents": len(model.intents),
        "custom_intents": len(model.custom_intents()),
        "slots": sum(len(intent.slots) for intent in model.intents),
        "samples": sum(len(intent.samples) for intent in model.intents),
        "slot_types": len(model.slot_types),
        "slot_values": sum(len(slot_type.values) for slot_type in model.slot_types),
    }
