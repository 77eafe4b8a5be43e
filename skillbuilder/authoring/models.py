"""What people write: skills with their intents, slots, sample utterances, slot types.

Rows keep their order in ``position`` and whatever an uploaded document held besides the
fields we know in ``extra``, so that an export gives back everything an import took.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Value
from django.db.models.functions import Cast, Concat, Lower

from nlu_engine.utterances import normalize

# Postgres concatenates only what is of one type.
_SLUG = Cast("slug", models.CharField(max_length=140))


class SkillQuerySet(models.QuerySet["Skill"]):
    """Queries over skills."""

    def called(self, words: str) -> SkillQuerySet:
        """Return the skills with ``words`` in their name, invocation name or slug, in any case."""
        return self.filter(search_text__contains=Lower(Value(words)))

    def visible_to(self, user) -> SkillQuerySet:
        """Return the skills that ``user`` owns or is a member of; everyone else gets a 404."""
        if not user.is_authenticated:
            return self.none()
        # By a subquery: a join would give a skill once for each of its members.
        shared = Membership.objects.filter(user=user).values("skill")
        return self.filter(models.Q(owner=user) | models.Q(pk__in=shared))


_AnySkills = models.Manager.from_queryset(SkillQuerySet)


class SkillManager(_AnySkills):
    """The skills that are not in the bin: nobody meets another one but there."""

    def get_queryset(self) -> Any:
        """Return them."""
        return super().get_queryset().filter(binned_at=None)


class Skill(models.Model):
    """One interaction model in one locale, owned by one user."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="skills"
    )
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=140, unique=True)
    locale = models.CharField(max_length=5, default="en-US")
    invocation_name = models.CharField(max_length=200, blank=True)
    # The document's layout and its unknown or not yet editable parts (dialog, prompts...).
    layout = models.CharField(max_length=20, default="interactionModel")
    extra = models.JSONField(default=dict, blank=True)
    # Counts every change of anything authored; forms carry it to notice lost updates.
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    # When it was put into the bin (see bin.py).
    binned_at = models.DateTimeField(null=True, blank=True, editable=False)
    # What a search looks through, kept by the database: one column to read instead of three.
    search_text = models.GeneratedField(
        expression=Lower(Concat("name", Value("\n"), "invocation_name", Value("\n"), _SLUG)),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = SkillManager()
    with_binned = SkillQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "-pk"]
        # Each list comes from an index in its order: the home page, with and without a
        # locale, and the API's.
        indexes = [
            models.Index(fields=["owner", "-updated_at", "-id"], name="skill_list"),
            models.Index(fields=["owner", "locale", "-updated_at", "-id"], name="skill_locale"),
            models.Index(fields=["owner", "-created_at", "-id"], name="skill_newest"),
            models.Index(
                fields=["owner", "-binned_at", "-id"],
                condition=models.Q(binned_at__isnull=False),
                name="skill_bin",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What someone else than the owner may do in a skill: an invitation until it is accepted.

    An invitation is to a user name and not to a user, whether or not there is one of that
    name: so nobody learns by inviting who has an account.
    """

    class Role(models.TextChoices):
        EDITOR = "editor"
        VIEWER = "viewer"

    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="memberships")
    user_name = models.CharField(max_length=150)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="memberships",
        null=True,
        blank=True,
    )
    role = models.CharField(max_length=6, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["skill", "user_name"], name="invited_once"),
            models.UniqueConstraint(fields=["skill", "user"], name="member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_name}, {self.role} of {self.skill}"


class Change(models.Model):
    """An entry of the history: who did what to a skill; never changed itself."""

    class Kind(models.TextChoices):
        CONTENT = "content", "Intents and slot types"
        ANNOTATIONS = "annotations", "Annotation sets"
        SKILL = "skill", "The skill and its settings"
        PEOPLE = "people", "People"
        BUILDS = "builds", "Builds and versions"

    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="changes")
    # None of a program: the command line, or someone whose account is gone.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="changes",
        null=True,
        blank=True,
    )
    created_at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(max_length=11, choices=Kind, default=Kind.CONTENT)
    # How many things changed, and the first of them, as nlu_engine.differences tells them.
    count = models.PositiveIntegerField()
    differences = models.JSONField(default=list)
    # The whole document before, where something was removed that can be brought back.
    before = models.JSONField(null=True, blank=True)
    # The steps back (authoring.rows), of every edit but a replaced document.
    undo = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["skill", "-id"], name="history_order")]

    def __str__(self) -> str:
        return f"{self.count} changes in {self.skill}"


class Intent(models.Model):
    """Something a user of the skill may want."""

    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="intents")
    name = models.CharField(max_length=200)
    position = models.PositiveIntegerField(default=0)
    extra = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["skill", "name"], name="intent_name_in_skill")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_builtin(self) -> bool:
        """Whether this is one of Alexa's AMAZON.* intents."""
        return self.name.startswith("AMAZON.")


class Slot(models.Model):
    """A variable part of an intent's utterances, of one slot type."""

    intent = models.ForeignKey(Intent, on_delete=models.CASCADE, related_name="slots")
    name = models.CharField(max_length=200)
    type_name = models.CharField(max_length=200)
    samples = models.JSONField(default=list, blank=True)
    position = models.PositiveIntegerField(default=0)
    extra = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["intent", "name"], name="slot_name_in_intent")
        ]

    def __str__(self) -> str:
        return self.name


class SampleUtterance(models.Model):
    """An authored template, slots in braces: "order a {size} pizza"."""

    intent = models.ForeignKey(Intent, on_delete=models.CASCADE, related_name="samples")
    text = models.TextField()
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.text


class CatalogQuerySet(models.QuerySet["Catalog"]):
    """Queries over catalogs."""

    def visible_to(self, user) -> CatalogQuerySet:
        """Return the catalogs that ``user`` owns, or sees in a skill that uses them."""
        if not user.is_authenticated:
            return self.none()
        skills = Skill.objects.visible_to(user).values("pk")
        used = SlotType.objects.filter(skill__in=skills, catalog__isnull=False).values("catalog")
        return self.filter(models.Q(owner=user) | models.Q(pk__in=used))


class Catalog(models.Model):
    """A list of values that slot types of several skills share, in numbered versions."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="catalogs"
    )
    name = models.CharField(max_length=120)
    # The number of its newest version, 0 while it has none.
    newest = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CatalogQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="catalog_name_of_owner")
        ]

    def __str__(self) -> str:
        return self.name


class CatalogVersion(models.Model):
    """The values of a catalog at one moment; never changed."""

    catalog = models.ForeignKey(Catalog, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    note = models.CharField(max_length=200, blank=True)
    # Rows of [value, id, synonyms], as nlu_engine.value_lists reads them.
    rows = models.JSONField()
    count = models.PositiveIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="catalog_versions",
        null=True,
        blank=True,
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["catalog", "number"], name="catalog_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.catalog}, version {self.number}"


class SlotType(models.Model):
    """A named list of slot values; one that is named AMAZON.* extends a built-in type."""

    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="slot_types")
    name = models.CharField(max_length=200)
    position = models.PositiveIntegerField(default=0)
    extra = models.JSONField(default=dict, blank=True)
    # Where its values are copied from, and whether each newer version is copied too.
    catalog = models.ForeignKey(
        Catalog, on_delete=models.SET_NULL, related_name="slot_types", null=True, blank=True
    )
    catalog_version = models.PositiveIntegerField(default=0)
    follows_newest = models.BooleanField(default=False)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["skill", "name"], name="slot_type_name_in_skill")
        ]

    def __str__(self) -> str:
        return self.name


def value_key(value: str) -> str:
    """Return what two values that are the same, in any case, have in common; 32 characters."""
    return hashlib.blake2b(normalize(value).encode(), digest_size=16).hexdigest()


class SlotValueQuerySet(models.QuerySet["SlotValue"]):
    """Queries over slot values."""

    def saying(self, words: str) -> SlotValueQuerySet:
        """Return the values with ``words`` in the value, a synonym or the id, in any case."""
        return self.filter(search_text__contains=words.casefold())

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Insert the values, each with what it is found by."""
        rows = list(objs)
        for row in rows:
            row.derive()
        return super().bulk_create(rows, *args, **kwargs)


class SlotValue(models.Model):
    """A value of a slot type with the other ways to say it."""

    slot_type = models.ForeignKey(SlotType, on_delete=models.CASCADE, related_name="values")
    value = models.TextField()
    synonyms = models.JSONField(default=list, blank=True)
    value_id = models.CharField(max_length=200, blank=True)
    position = models.PositiveIntegerField(default=0)
    extra = models.JSONField(default=dict, blank=True)
    # What it is found by among 50,000: by the same value, and by words of any part of it.
    key = models.CharField(max_length=32, default="", editable=False)
    search_text = models.TextField(default="", editable=False)

    objects = SlotValueQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        indexes = [
            models.Index(fields=["slot_type", "position", "id"], name="value_order"),
            models.Index(fields=["slot_type", "key"], name="value_key"),
        ]

    def __str__(self) -> str:
        return self.value

    def derive(self) -> None:
        """Set what the value is found by."""
        self.key = value_key(self.value)
        self.search_text = "\n".join([self.value, self.value_id, *self.synonyms]).casefold()

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Save it with what it is found by."""
        self.derive()
        if update_fields is not None:
            update_fields = {*update_fields, "key", "search_text"}
        super().save(*args, update_fields=update_fields, **kwargs)


class DismissedCheck(models.Model):
    """A check that people have seen and do not want to see again, by its stable key."""

    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="dismissed_checks")
    key = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["skill", "key"], name="check_dismissed_once")
        ]

    def __str__(self) -> str:
        return self.key


class Checklist(models.Model):
    """What one user did with the builder checklist of one skill."""

    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="checklists")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="checklists"
    )
    hidden = models.BooleanField(default=False)
    # When the user's first utterance was parsed in the console.
    tried_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["skill", "user"], name="one_checklist_a_user")
        ]

    def __str__(self) -> str:
        return f"{self.skill} for {self.user}"


class Preferences(models.Model):
    """What a user chose for all pages."""

    CONSOLE_KEY = "t"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="preferences",
        primary_key=True,
    )
    # The key that opens the console, in lower case; none where single keys shall do nothing.
    console_key = models.CharField(max_length=1, blank=True, default=CONSOLE_KEY)

    def __str__(self) -> str:
        return f"preferences of {self.user}"


class KeptAnnotationSets(models.Manager["AnnotationSet"]):
    """The annotation sets that were not deleted."""

    def get_queryset(self) -> models.QuerySet[AnnotationSet]:
        """Return them."""
        return super().get_queryset().filter(deleted_at=None)


class AnnotationSet(models.Model):
    """Utterances with what is expected of a parser, to test each version of a skill with.

    One that was deleted stays a while, so that it can come back with its results.
    """

    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="annotation_sets")
    name = models.CharField(max_length=120)
    # The frame accuracy, in [0, 1], below which a new version does not go live.
    threshold = models.FloatField(null=True, blank=True)
    # Counts every change of an annotation, so that results can tell what they are of.
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = KeptAnnotationSets()
    with_deleted: models.Manager[AnnotationSet] = models.Manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["skill", "name"],
                condition=models.Q(deleted_at=None),
                name="annotation_set_name_in_skill",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Annotation(models.Model):
    """An utterance with the answers that are accepted, as nlu_engine.annotations has them."""

    annotation_set = models.ForeignKey(
        AnnotationSet, on_delete=models.CASCADE, related_name="annotations"
    )
    utterance = models.TextField()
    expected = models.JSONField()
    # Of the first answer, for lists to be cut by.
    intent = models.CharField(max_length=200)
    reference_timestamp = models.CharField(max_length=200, blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        indexes = [
            models.Index(fields=["annotation_set", "position", "id"], name="annotation_list"),
            models.Index(fields=["annotation_set", "intent"], name="annotation_intent"),
        ]

    def __str__(self) -> str:
        return self.utterance
