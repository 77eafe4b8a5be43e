"""Who may do what in a skill, and who did what, for programs."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from skillbuilder.api.errors import InvalidFields
from skillbuilder.api.pagination import NewestFirst
from skillbuilder.api.serializers import (
    DifferenceSerializer,
    SkillSerializer,
    StrictSerializer,
    TextField,
    UserNameOrNone,
)
from skillbuilder.api.views import refusals, validated, visible_skill
from skillbuilder.authoring import people
from skillbuilder.authoring.history import changes_of
from skillbuilder.authoring.models import Change, Membership, Skill
from skillbuilder.authoring.people import OWNER, VIEWER

# As Django has user names.
USER_NAME_PATTERN = r"^[\w.@+-]+$"


@extend_schema_field(
    {"type": "string", "minLength": 1, "maxLength": 150, "pattern": USER_NAME_PATTERN}
)
class UserNameField(TextField, serializers.RegexField):
    """The name of a user, whether or not there is one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            USER_NAME_PATTERN.replace("$", r"\Z"), max_length=150, trim_whitespace=False, **options
        )


class InvitationSerializer(StrictSerializer):
    """Whom to invite, and as what."""

    user_name = UserNameField()
    role = serializers.ChoiceField(choices=Membership.Role.choices)


class RoleSerializer(StrictSerializer):
    """Another role."""

    role = serializers.ChoiceField(choices=Membership.Role.choices)


class MemberSerializer(serializers.ModelSerializer):
    """An editor or viewer of a skill, or someone invited."""

    user_name = serializers.CharField(read_only=True)
    accepted = serializers.SerializerMethodField(help_text="Whether they took the invitation.")

    class Meta:
        model = Membership
        fields = ["id", "user_name", "role", "accepted", "created_at"]
        read_only_fields = fields

    def get_accepted(self, member: Membership) -> bool:
        """Return whether the invitation was accepted."""
        return member.user_id is not None


class PeopleSerializer(serializers.Serializer):
    """Everybody who may do something in a skill."""

    owner = serializers.CharField()
    members = MemberSerializer(many=True)


class MyInvitationSerializer(serializers.ModelSerializer):
    """An invitation of mine."""

    skill = serializers.CharField(source="skill.name", help_text="The name of the skill.")
    owner = serializers.CharField(source="skill.owner.username")

    class Meta:
        model = Membership
        fields = ["id", "skill", "owner", "role", "created_at"]
        read_only_fields = fields


def people_of(skill: Skill) -> Response:
    """Return the response that lists the people of ``skill``."""
    members = skill.memberships.select_related("user")
    return Response(PeopleSerializer({"owner": skill.owner.username, "members": members}).data)


class People(APIView):
    """The people of a skill."""

    @extend_schema(
        operation_id="people_list",
        summary="List the people of a skill",
        responses={200: PeopleSerializer, **refusals()},
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the owner, the members, and who is invited."""
        return people_of(visible_skill(request, slug))

    @extend_schema(
        operation_id="people_invite",
        summary="Invite someone by user name",
        request=InvitationSerializer,
        responses={201: MemberSerializer, **refusals(409, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Invite someone; owners only. The answer does not tell whether there is such a user."""
        skill = visible_skill(request, slug, changing=OWNER)
        wanted = validated(InvitationSerializer, request.data)
        member = people.invite(skill, wanted["user_name"], wanted["role"])
        return Response(MemberSerializer(member).data, status.HTTP_201_CREATED)


class Member(APIView):
    """One member of a skill, or someone invited."""

    @extend_schema(
        operation_id="people_change",
        summary="Change a role",
        request=RoleSerializer,
        responses={200: MemberSerializer, **refusals(413, 415)},
    )
    def patch(self, request: Request, slug: str, member_id: int) -> Response:
        """Make a member, or someone invited, editor or viewer; owners only."""
        skill = visible_skill(request, slug, changing=OWNER)
        member = get_object_or_404(skill.memberships, pk=member_id)
        people.set_role(skill, member, validated(RoleSerializer, request.data)["role"])
        member.refresh_from_db()
        return Response(MemberSerializer(member).data)

    @extend_schema(
        operation_id="people_remove",
        summary="Remove a member, or withdraw an invitation",
        responses={204: None, **refusals()},
    )
    def delete(self, request: Request, slug: str, member_id: int) -> Response:
        """End a membership or an invitation; owners only. Members leave by themselves."""
        skill = visible_skill(request, slug, changing=OWNER)
        people.dismiss(skill, get_object_or_404(skill.memberships, pk=member_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class MemberTransfer(APIView):
    """The handing over of a skill."""

    @extend_schema(
        operation_id="people_transfer",
        summary="Make a member the owner",
        request=None,
        responses={200: PeopleSerializer, **refusals()},
    )
    def post(self, request: Request, slug: str, member_id: int) -> Response:
        """Hand the skill over to a member who has accepted; the owner becomes an editor."""
        skill = visible_skill(request, slug, changing=OWNER)
        people.transfer(skill, get_object_or_404(skill.memberships, pk=member_id))
        return people_of(Skill.objects.get(pk=skill.pk))


class Leave(APIView):
    """The end of one's own membership."""

    @extend_schema(
        operation_id="people_leave",
        summary="Leave a skill",
        request=None,
        responses={204: None, **refusals(409)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """End my membership. An owner hands the skill over first."""
        people.leave(visible_skill(request, slug, changing=VIEWER), request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Invitations(generics.ListAPIView):
    """My invitations."""

    serializer_class = MyInvitationSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[Membership]:
        """Return what the user is invited to."""
        return people.invitations_of(self.request.user)

    @extend_schema(
        operation_id="invitations_list",
        summary="List my invitations",
        responses={200: MyInvitationSerializer(many=True), **refusals()},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the skills that I am invited to, the newest invitation first."""
        return super().get(request, *args, **kwargs)


class Invitation(APIView):
    """One invitation of mine."""

    @extend_schema(
        operation_id="invitations_accept",
        summary="Accept an invitation",
        request=None,
        responses={200: SkillSerializer, **refusals()},
    )
    def post(self, request: Request, member_id: int) -> Response:
        """Become a member of the skill, which is the answer."""
        invitation = get_object_or_404(people.invitations_of(request.user), pk=member_id)
        people.accept(invitation, request.user)
        return Response(SkillSerializer(invitation.skill).data)

    @extend_schema(
        operation_id="invitations_decline",
        summary="Decline an invitation",
        responses={204: None, **refusals()},
    )
    def delete(self, request: Request, member_id: int) -> Response:
        """Decline it; the owner may invite again."""
        invitation = get_object_or_404(people.invitations_of(request.user), pk=member_id)
        people.dismiss(invitation.skill, invitation)
        return Response(status=status.HTTP_204_NO_CONTENT)


# --- The history --------------------------------------------------------------------------


class ChangeSerializer(serializers.ModelSerializer):
    """An entry of the history."""

    user = UserNameOrNone(help_text="Null of a program without an account.")
    count = serializers.IntegerField(help_text="How much it changed; the first is listed.")
    differences = DifferenceSerializer(many=True)

    class Meta:
        model = Change
        fields = ["id", "created_at", "user", "kind", "count", "differences"]
        read_only_fields = fields


class LastChangeFirst(NewestFirst):
    """The last entry comes first."""

    ordering = ("-pk",)


class History(generics.ListAPIView):
    """The history of a skill."""

    serializer_class = ChangeSerializer
    pagination_class = LastChangeFirst

    def get_queryset(self) -> QuerySet[Change]:
        """Return the entries that the query parameters ask for; raises InvalidFields."""
        if getattr(self, "swagger_fake_view", False):
            return Change.objects.none()
        skill = visible_skill(self.request, self.kwargs["slug"])
        by = self.request.query_params.get("by", "").replace("\x00", "")
        kind = self.request.query_params.get("kind", "")
        if kind and kind not in Change.Kind.values:
            message = f"This is one of {', '.join(Change.Kind.values)}, not {kind[:40]!r}."
            raise InvalidFields({"kind": [message]}, {"kind": kind})
        return changes_of(skill, by=by, kind=kind)

    @extend_schema(
        operation_id="history_list",
        summary="List who did what",
        parameters=[
            OpenApiParameter("by", str, description="The user name of who did it."),
            OpenApiParameter("kind", str, enum=Change.Kind.values),
        ],
        responses={200: ChangeSerializer(many=True), **refusals()},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List every edit, and what happened to the skill, its people and builds, newest first."""
        return super().get(request, *args, **kwargs)
