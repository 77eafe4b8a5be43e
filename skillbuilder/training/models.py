"""What the machine makes: training runs, each with the snapshot it was made from."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.dispatch import Signal
from django.utils import timezone

from skillbuilder.authoring.history import note_event
from skillbuilder.authoring.models import AnnotationSet, Change, Skill


class LeasedWork(models.Model):
    """Work that its row owns: who claimed it, until when, what came of it (see leases.py).

    The queue carries nothing but its id, so a lost or doubled message does no harm.
    """

    Status: Any
    ACTIVE: tuple[Any, ...]
    WORKING: Any
    # What its worker writes down at each heartbeat.
    REPORTED: tuple[str, ...] = ("step", "progress")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Where it stands.
    status = models.CharField(max_length=10)
    step = models.CharField(max_length=40, blank=True)
    progress = models.FloatField(default=0.0)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    # What came of it.
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    metrics = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # When its id was last put in the queue.
    enqueued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_active(self) -> bool:
        """Whether it is queued or worked on."""
        return self.status in self.ACTIVE

    def tell(self, did: str, more: str = "") -> None:
        """Write into the history of the skill what became of it; nothing of most work."""

    def note(self, text: str, level: str = "info") -> None:
        """Write down for people what happened to it; where nobody reads that, nothing."""


class Build(LeasedWork):
    """Leased work that trains both parsers, step by step (see progress.py)."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        TRAINING = "training"
        READY = "ready"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Gate(models.TextChoices):
        OPEN = ""
        PENDING = "pending"
        HELD = "held"

    ACTIVE = (Status.QUEUED, Status.TRAINING)
    WORKING = Status.TRAINING
    REPORTED = ("step", "progress", "steps")

    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    # Whether it may go live: not while annotation sets with a threshold are evaluated, nor
    # after that if it fell below one (see gate.py).
    gate = models.CharField(max_length=7, choices=Gate, default=Gate.OPEN, blank=True)
    gate_reason = models.TextField(blank=True)
    # Step -> {"at": when it began, ISO 8601; "seconds": how long it took, once it is over}.
    steps = models.JSONField(default=dict, blank=True)
    # Samples and values that it learns from: builds of about the same size take about as long.
    size = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True

    # The tier that it trains.
    trains: str

    @property
    def version(self) -> TrainingRun:
        """The run that it builds."""
        raise NotImplementedError

    def note(self, text: str, level: str = "info") -> None:
        """Write a line to the log of the build; nothing if it was deleted meanwhile."""
        try:
            with transaction.atomic():
                BuildLogLine.objects.create(
                    run_id=self.version.pk,
                    tier=self.trains,
                    step=self.step,
                    level=level,
                    text=text,
                )
        except IntegrityError:
            return


# Sent with the keys of the skills whose runs got another status, in the same transaction.
statuses_changed = Signal()


class RunQuerySet(models.QuerySet["TrainingRun"]):
    """Queries over training runs; a skill's own status follows from theirs."""

    def update(self, **values: Any) -> int:
        """Change the rows, and the status of their skills."""
        if "status" not in values:
            return super().update(**values)
        with transaction.atomic(using=self.db):
            keys = set(self.order_by().values_list("skill", flat=True))
            if values["status"] not in TrainingRun.ACTIVE:
                # First, for whoever asks for a build locks the skill before its runs.
                list(Skill.with_binned.select_for_update().filter(pk__in=keys).order_by("pk"))
            changed = super().update(**values)
            statuses_changed.send(TrainingRun, keys=keys)
        return changed

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Insert the runs, and set the status of their skills."""
        with transaction.atomic(using=self.db):
            made = super().bulk_create(objs, *args, **kwargs)
            statuses_changed.send(TrainingRun, keys={run.skill_id for run in made})
        return made


class TrainingRun(Build):
    """A version: both parsers of a skill, trained from a frozen interaction model.

    What it trains itself is the quick tier, within seconds. The full tier comes after that, as
    a row and an artifact of its own (FullTier), and takes over when it is ready.
    """

    class Tier(models.TextChoices):
        QUICK = "quick"
        FULL = "full"

    trains = Tier.QUICK
    # Where runs.serving_run has read it.
    is_logged: bool

    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="training_runs")
    # Counts the builds of a skill from 1: what the version is called, besides its name.
    number = models.PositiveIntegerField(editable=False)
    # What people call this version of the skill.
    name = models.CharField(max_length=80, blank=True)
    # What is trained: the whole interaction model, its digest, and what else decides the outcome.
    snapshot = models.JSONField()
    digest = models.CharField(max_length=64)
    locale = models.CharField(max_length=5)
    seed = models.PositiveIntegerField(default=0)
    engine_version = models.CharField(max_length=40)
    embeddings = models.CharField(max_length=40)
    # Which tier answers, and under which id its artifact lies, if not under that of the run.
    tier = models.CharField(max_length=5, choices=Tier, default=Tier.QUICK)
    artifact = models.UUIDField(null=True, blank=True, editable=False)
    notes = models.JSONField(default=list, blank=True)
    # Which parser answers for the skill, and why, where that is not the DNN.
    serves = models.CharField(max_length=10, default="neural")
    serves_reason = models.TextField(blank=True)
    # Who asked for it, None of a program; the history tells who asked for it again.
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="training_runs",
        null=True,
        blank=True,
    )
    # When a build last asked for this very content: the skill parses with the ready run
    # that was asked for last, which after an undone change is an old one.
    requested_at = models.DateTimeField(default=timezone.now)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["skill"],
                condition=models.Q(status__in=["queued", "training"]),
                name="one_active_run_per_skill",
            ),
            models.UniqueConstraint(fields=["skill", "number"], name="version_number_in_skill"),
        ]
        indexes = [
            models.Index(fields=["skill", "status", "-requested_at"]),
            models.Index(fields=["status", "lease_expires_at"]),
            models.Index(fields=["gate"], name="run_gate"),
        ]

    def __str__(self) -> str:
        return f"{self.skill} {self.status} {self.id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it; a new one gets the number after the last, so its skill should be locked."""
        if not self.number:
            numbers = TrainingRun.objects.filter(skill=self.skill_id)
            self.number = (numbers.aggregate(last=models.Max("number"))["last"] or 0) + 1
        with transaction.atomic():
            super().save(*args, **kwargs)
            if "status" in (kwargs.get("update_fields") or ("status",)):
                statuses_changed.send(TrainingRun, keys={self.skill_id})

    def tell(self, did: str, more: str = "") -> None:
        """Write into the history of the skill that the acting user, or who asked, ``did`` it."""
        note_event(
            self.skill,
            Change.Kind.BUILDS,
            did,
            "version",
            str(self.number),
            after=more,
            user=self.requested_by,
        )

    @property
    def version(self) -> TrainingRun:
        """Itself."""
        return self

    @property
    def artifact_key(self) -> uuid.UUID:
        """The id under which the artifact lies that answers."""
        return self.artifact or self.pk

    def artifact_of(self, tier: str) -> uuid.UUID:
        """Return the id under which the artifact of a tier lies, or lay."""
        if tier == self.tier:
            return self.artifact_key
        return self.full_tier.pk if tier == self.Tier.FULL else self.pk


class FullTier(Build):
    """The full tier of a version: its life is one of its own, its artifact lies under its id."""

    trains = TrainingRun.Tier.FULL

    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="full_tiers")
    run = models.OneToOneField(TrainingRun, on_delete=models.CASCADE, related_name="full_tier")

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["skill"],
                condition=models.Q(status__in=["queued", "training"]),
                name="one_active_full_tier_per_skill",
            )
        ]
        indexes = [
            models.Index(fields=["status", "lease_expires_at"], name="full_tier_leases"),
            models.Index(fields=["gate"], name="full_tier_gate"),
        ]

    def __str__(self) -> str:
        return f"full tier of {self.run_id}: {self.status}"

    @property
    def version(self) -> TrainingRun:
        """The version that it is the full tier of."""
        return self.run


class BuildLogLine(models.Model):
    """Something that happened to a build, for people to read."""

    class Level(models.TextChoices):
        INFO = "info"
        WARNING = "warning"
        ERROR = "error"

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="log")
    tier = models.CharField(max_length=5, choices=TrainingRun.Tier)
    level = models.CharField(max_length=7, choices=Level, default=Level.INFO)
    step = models.CharField(max_length=40, blank=True)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text


class TriedUtterance(models.Model):
    """An utterance that a user had parsed in the console, and in short what came of it."""

    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="tried_utterances")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tried_utterances"
    )
    text = models.TextField()
    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="tried_utterances")
    neural_intent = models.CharField(max_length=200)
    neural_confidence = models.FloatField()
    maxent_crf_intent = models.CharField(max_length=200)
    maxent_crf_confidence = models.FloatField()
    # Whether the parsers found different intents or slots.
    differ = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["skill", "user", "-id"], name="tried_by_user")]

    def __str__(self) -> str:
        return self.text


class ParseLog(models.Model):
    """That a skill keeps what programs had parsed, how long, and what is never kept of it."""

    skill = models.OneToOneField(Skill, on_delete=models.CASCADE, related_name="parse_log")
    retention_days = models.PositiveSmallIntegerField(default=30)
    # Names of slots whose words are taken out before anything is stored.
    sensitive_slots = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"parse log of {self.skill}"


class LoggedParse(models.Model):
    """An utterance that a program had parsed, as a sample of either parser's making."""

    class Review(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        CORRECTED = "corrected"
        IGNORED = "ignored"

    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="logged_parses")
    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="logged_parses")
    # The slots that the parser found are marked: "a {big|size} pizza"; sensitive ones "{phone}".
    neural_sample = models.TextField()
    maxent_crf_sample = models.TextField()
    neural_intent = models.CharField(max_length=200)
    maxent_crf_intent = models.CharField(max_length=200)
    # Stands for the DNN's sample and intent (parse_log.said_of): what was answered just so.
    said = models.CharField(max_length=32, editable=False)
    neural_confidence = models.FloatField()
    maxent_crf_confidence = models.FloatField()
    differ = models.BooleanField()
    # What the queue is ranked by: the DNN's uncertainty and the disagreement.
    doubt = models.FloatField()
    milliseconds = models.FloatField()
    review = models.CharField(max_length=10, choices=Review, default=Review.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["skill", "review", "-doubt"], name="review_queue"),
            models.Index(fields=["skill", "said", "review", "id"], name="logged_alike"),
            # These two hold all that is counted.
            models.Index(fields=["skill", "created_at", "differ"], name="logged_by_day"),
            models.Index(fields=["skill", "neural_intent", "differ"], name="logged_by_intent"),
        ]

    def __str__(self) -> str:
        return self.neural_sample


class Evaluation(LeasedWork):
    """Both parsers of a run, measured.

    Of the kind "annotations" on an annotation set; of "folds" on samples that each fold held
    back, and of "curve" so with fewer and fewer samples: these train parsers of their own.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        READY = "ready"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Kind(models.TextChoices):
        ANNOTATIONS = "annotations"
        FOLDS = "folds"
        CURVE = "curve"

    ACTIVE = (Status.QUEUED, Status.RUNNING)
    WORKING = Status.RUNNING

    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="evaluations")
    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="evaluations")
    annotation_set = models.ForeignKey(
        AnnotationSet,
        on_delete=models.CASCADE,
        related_name="evaluations",
        null=True,
        blank=True,
    )
    kind = models.CharField(max_length=11, choices=Kind, default=Kind.ANNOTATIONS)
    # Of the version, what was measured; of folds and curves nothing, for they train their own.
    tier = models.CharField(max_length=5, choices=TrainingRun.Tier, default="", blank=True)
    # Of the set when its annotations were read: results of an older one are not compared.
    set_revision = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    # The evaluation of another version that the rows are compared with.
    previous = models.ForeignKey(
        "self", on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["annotation_set", "status", "-created_at"], name="set_results"),
            models.Index(fields=["status", "lease_expires_at"], name="evaluation_leases"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.run_id}: {self.status}"


def _rows_index(name: str, parser: str, other: str) -> models.Index:
    """Return the index of all that a page of results is cut by, in the order of its rows.

    The rows themselves are wide, and are read for what is shown alone.
    """
    wanted = ("expected_intent", f"{parser}_intent", f"{parser}_change", f"{other}_right")
    return models.Index(fields=["evaluation", f"{parser}_right", "position", *wanted], name=name)


class EvaluatedRow(models.Model):
    """One utterance of an evaluation: what was expected, and what each parser made of it."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="rows")
    position = models.PositiveIntegerField()
    # Of the annotation, which may be gone since.
    annotation_pk = models.BigIntegerField(null=True, blank=True)
    utterance = models.TextField()
    expected = models.JSONField()
    expected_intent = models.CharField(max_length=200)
    # Each parse as the API shows it.
    neural = models.JSONField()
    neural_intent = models.CharField(max_length=200)
    neural_right = models.BooleanField()
    maxent_crf = models.JSONField()
    maxent_crf_intent = models.CharField(max_length=200)
    maxent_crf_right = models.BooleanField()
    # What came of the row since the previous evaluation: "fixed", "broken", "changed" or "".
    neural_change = models.CharField(max_length=7, blank=True)
    maxent_crf_change = models.CharField(max_length=7, blank=True)
    # The nearest sample utterance: {"text", "intent"}, where something went wrong.
    nearest = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        indexes = [
            _rows_index("results_of_the_dnn", "neural", "maxent_crf"),
            _rows_index("results_of_the_baseline", "maxent_crf", "neural"),
        ]

    def __str__(self) -> str:
        return self.utterance
