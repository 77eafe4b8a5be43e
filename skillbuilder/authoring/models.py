"""What people write: skills with their intents, slots, sample utterances, slot types.

Rows keep their order in ``position`` and whatever an uploaded document held besides the
fields we know in ``extra``, so that an export gives back everything an import took.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections, models, transaction
from django.db.models import Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat, Lower
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from nlu_engine.utterances import normalize_once

# Postgres concatenates only what is of one type.
_SLUG = Cast("slug", models.CharField(max_length=140))


class SkillStatus(models.TextChoices):
    """Where a skill stands, in one word; "changed since its build" needs its content to tell."""

    DRAFT = "draft"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


class SkillQuerySet(models.QuerySet["Skill"]):
    """Queries over skills; what the lists of users show of them is changed along with them."""

    def visible_to(self, user) -> SkillQuerySet:
        """Return the skills that ``user`` owns or is a member of; everyone else gets a 404."""
        if not user.is_authenticated:
            return self.none()
        # Asked skill by skill: a list of all that are shared with a user may be long.
        mine = Membership.objects.filter(skill=OuterRef("pk"), user=user)
        return self.filter(models.Q(owner=user) | Exists(mine))

    def update(self, **values: Any) -> int:
        """Change the rows, and the lists that show them."""
        if values.keys().isdisjoint(_LISTED_BY):
            return super().update(**values)
        with transaction.atomic(using=self.db):
            keys = list(self.order_by().values_list("pk", flat=True))
            changed = super().update(**values)
            ListedSkill.objects.renew(keys)
        return changed

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Insert the skills, and list them."""
        with transaction.atomic(using=self.db):
            made = super().bulk_create(objs, *args, **kwargs)
            ListedSkill.objects.renew([skill.pk for skill in made])
        return made


_AnySkills = models.Manager.from_queryset(SkillQuerySet)


class SkillManager(_AnySkills):
    """The skills that are not in the bin: nobody meets another one but there."""

    def get_queryset(self) -> Any:
        """Return them."""
        return super().get_queryset().filter(binned_at=None)


class Skill(models.Model):
    """One interaction model in one locale, owned by one user."""

    # Protected: deleting an account must not take along what others work with.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="skills"
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
    # What came of its builds; training writes it (see training/state.py).
    status = models.CharField(
        max_length=8, choices=SkillStatus, default=SkillStatus.DRAFT, editable=False
    )
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
        indexes = [
            models.Index(
                fields=["owner", "-binned_at", "-id"],
                condition=models.Q(binned_at__isnull=False),
                name="skill_bin",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Save it, and list it where it belongs."""
        with transaction.atomic():
            super().save(*args, update_fields=update_fields, **kwargs)
            if update_fields is None or not _LISTED_BY.isdisjoint(update_fields):
                ListedSkill.objects.renew([self.pk])


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


_COPIED = ("created_at", "updated_at", "locale", "status", "search_text")
_LISTED_BY = {
    *("owner", "owner_id", "binned_at", "name", "invocation_name", "slug"),
    *("created_at", "updated_at", "locale", "status"),
}


class ListedSkillQuerySet(models.QuerySet["ListedSkill"]):
    """Queries over the skills that users see."""

    def called(self, words: str) -> ListedSkillQuerySet:
        """Return the skills with ``words`` in their name, invocation name or slug, in any case."""
        return self.filter(search_text__contains=Lower(Value(words)))

    def renew(self, keys: Sequence[int]) -> None:
        """Make the rows of the skills ``keys`` such as these skills and their people are now."""
        for start in range(0, len(keys), _LISTED_AT_ONCE):
            self._renew(keys[start : start + _LISTED_AT_ONCE])

    def _renew(self, keys: Sequence[int]) -> None:
        wanted = {(one.skill_id, one.user_id): one for one in _to_be_listed(keys)}
        rows = {(one.skill_id, one.user_id): one for one in self.filter(skill__in=keys)}
        if gone := [row.pk for place, row in rows.items() if place not in wanted]:
            self.filter(pk__in=gone).delete()
        self.bulk_create(one for place, one in wanted.items() if place not in rows)
        # All rows of a skill show the same.
        stale = {place[0] for place in wanted.keys() & rows.keys() if _differ(wanted, rows, place)}
        for key in stale:
            one = next(one for one in wanted.values() if one.skill_id == key)
            self.filter(skill=key).update(**{name: getattr(one, name) for name in _COPIED})


_LISTED_AT_ONCE = 500


def _to_be_listed(keys: Sequence[int]) -> Iterator[Any]:
    """Yield the rows, not stored, that the skills ``keys`` shall have."""
    skills = Skill.objects.filter(pk__in=keys).only("owner_id", *_COPIED)
    members = Membership.objects.filter(skill__in=keys, user__isnull=False)
    users: dict[int, set[int]] = {}
    for key, user in members.values_list("skill", "user"):
        users.setdefault(key, set()).add(user)
    for skill in skills:
        copied = {name: getattr(skill, name) for name in _COPIED}
        for user in {skill.owner_id} | users.get(skill.pk, set()):
            yield ListedSkill(user_id=user, skill_id=skill.pk, **copied)


def _differ(wanted: dict[Any, Any], rows: dict[Any, Any], place: tuple[int, int]) -> bool:
    return any(getattr(wanted[place], name) != getattr(rows[place], name) for name in _COPIED)


class ListedSkill(models.Model):
    """A skill in the list of one user who sees it: a copy of what lists are cut and ordered by.

    "Owner or member" is in two tables, so no index of theirs gives a user's skills in order; with
    one row for each skill and user a page is a range of one index. Follows from skills and
    memberships, in the transactions that change these; who may see what never depends on it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    locale = models.CharField(max_length=5)
    status = models.CharField(max_length=8, choices=SkillStatus)
    search_text = models.TextField()

    objects = ListedSkillQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "-skill_id"]
        constraints = [models.UniqueConstraint(fields=["skill", "user"], name="listed_once")]
        indexes = [
            # With all that filters and searches look at: no page reads anything but the index.
            models.Index(
                fields=["user", "-updated_at", "-skill", "locale", "status", "search_text"],
                name="skill_list",
            ),
            models.Index(fields=["user", "-created_at", "-skill"], name="skill_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.skill_id} in the list of {self.user_id}"


@receiver(post_save, sender=Membership)
def _list_for_member(instance: Membership, **_: Any) -> None:
    ListedSkill.objects.renew([instance.skill_id])


@receiver(post_delete, sender=Membership)
def _unlist_for_member(instance: Membership, **_: Any) -> None:
    # Not renewed: the skill itself may be going.
    rows = ListedSkill.objects.filter(skill=instance.skill_id, user=instance.user_id)
    rows.exclude(skill__owner=instance.user_id).delete()


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
        used = SlotType.objects.filter(catalog=OuterRef("pk"), skill__binned_at=None)
        by_mine = Exists(used.filter(skill__owner=user))
        by_shared = Exists(used.filter(skill__memberships__user=user))
        return self.filter(models.Q(owner=user) | by_mine | by_shared)


class Catalog(models.Model):
    """A list of values that slot types of several skills share, in numbered versions."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="catalogs"
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
    return hashlib.blake2b(normalize_once(value).encode(), digest_size=16).hexdigest()


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

    def insert_plain(self, rows: Iterable[tuple[int, int, str, str, list[str], Any]]) -> None:
        """Insert new values, of each: slot type, position, value, id, synonyms and extra.

        For tens of thousands, which take five times as long as objects; no keys come back.
        """
        as_json = partial(connections[self.db].ops.adapt_json_value, encoder=None)
        with transaction.atomic(using=self.db), connections[self.db].cursor() as cursor:
            cursor.executemany(_INSERT_VALUE, list(_as_stored(rows, as_json)))


_INSERT_VALUE = """
    INSERT INTO authoring_slotvalue
        (slot_type_id, "position", "value", value_id, synonyms, extra, "key", search_text)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""


def _as_stored(
    rows: Iterable[tuple[int, int, str, str, list[str], Any]], as_json: Callable[[Any], Any]
) -> Iterator[tuple[Any, ...]]:
    no_synonyms, no_extra = as_json([]), as_json({})
    for slot_type, position, value, id_, synonyms, extra in rows:
        stored = (
            as_json(synonyms) if synonyms else no_synonyms,
            as_json(extra) if extra else no_extra,
        )
        found_by = value_key(value), searched(value, id_, synonyms)
        yield slot_type, position, value, id_, *stored, *found_by


def searched(value: str, id_: str, synonyms: Iterable[str]) -> str:
    """Return what a search for a value looks through."""
    return "\n".join([value, id_, *synonyms]).casefold()


class SlotValue(models.Model):
    """A value of a slot type with the other ways to say it."""

    # Both indexes below begin with it: a third would only make inserting 50,000 slower.
    slot_type = models.ForeignKey(
        SlotType, on_delete=models.CASCADE, related_name="values", db_index=False
    )
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
        self.search_text = searched(self.value, self.value_id, self.synonyms)

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
