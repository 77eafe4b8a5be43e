"""What the machine makes: training runs, each with the snapshot it was made from."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from skillbuilder.authoring.models import Skill


class TrainingRun(models.Model):
    """One attempt to train both parsers of a skill from a frozen interaction model.

    This row owns the run: who claimed it, until when, what came of it. The queue
    carries nothing but its id, so a lost or doubled message does no harm.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        TRAINING = "training"
        READY = "ready"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE = (Status.QUEUED, Status.TRAINING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="training_runs")
    # What people call this version of the skill.
    name = models.CharField(max_length=80, blank=True)
    # What is trained: the whole interaction model, its digest, and what else decides the outcome.
    snapshot = models.JSONField()
    digest = models.CharField(max_length=64)
    locale = models.CharField(max_length=5)
    seed = models.PositiveIntegerField(default=0)
    engine_version = models.CharField(max_length=40)
    embeddings = models.CharField(max_length=40)
    # Where it stands.
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    step = models.CharField(max_length=40, blank=True)
    progress = models.FloatField(default=0.0)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    # What came of it.
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    notes = models.JSONField(default=list, blank=True)
    metrics = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # When a build last asked for this very content: the skill parses with the ready run
    # that was asked for last, which after an undone change is an old one.
    requested_at = models.DateTimeField(default=timezone.now)
    # When its id was last put in the queue.
    enqueued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["skill"],
                condition=models.Q(status__in=["queued", "training"]),
                name="one_active_run_per_skill",
            )
        ]
        indexes = [
            models.Index(fields=["skill", "status", "-requested_at"]),
            models.Index(fields=["status", "lease_expires_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.skill} {self.status} {self.id}"

    @property
    def is_active(self) -> bool:
        """Whether the run is queued or training."""
        return self.status in self.ACTIVE


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
            models.Index(fields=["skill", "created_at"], name="logged_by_day"),
        ]

    def __str__(self) -> str:
        return self.neural_sample
