"""The page People of a skill, and the answers to invitations."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from skillbuilder.authoring import people
from skillbuilder.authoring.models import Membership, Skill
from skillbuilder.authoring.pages import show, signed_in, skill_page
from skillbuilder.authoring.people import OWNER, VIEWER, AlreadyThere, OwnerStays


class InvitationForm(forms.Form):
    """Whom to invite, and as what."""

    user_name = forms.CharField(max_length=150)
    role = forms.ChoiceField(choices=Membership.Role.choices, initial=VIEWER)


class RoleForm(forms.Form):
    """Another role of a member."""

    role = forms.ChoiceField(choices=Membership.Role.choices)


@require_http_methods(["GET", "POST"])
@skill_page(changing=OWNER)
def skill_people(request: HttpRequest, skill: Skill) -> HttpResponse:
    """Show who may do what; a POST invites someone by user name."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name, role = form.cleaned_data["user_name"], form.cleaned_data["role"]
        try:
            people.invite(skill, name, role)
        except AlreadyThere as error:
            form.add_error("user_name", str(error))
        else:
            messages.success(
                request,
                f"{name} is invited, and finds the invitation on the skill list.",
            )
            return redirect("skill-people", skill.slug)
    members = skill.memberships.select_related("user")
    context = {
        "tab": "settings",
        "form": form,
        "members": members,
        "roles": Membership.Role.choices,
        "mine": members.filter(user__username=request.user.get_username()).first(),
    }
    status = 422 if form.errors else 200
    return show(request, skill, "authoring/people.html", context, status=status)


@require_POST
@skill_page(changing=OWNER)
def member_role(request: HttpRequest, skill: Skill, member_pk: int) -> HttpResponse:
    """Give a member, or someone invited, another role."""
    membership = get_object_or_404(skill.memberships, pk=member_pk)
    form = RoleForm(request.POST)
    if form.is_valid():
        people.set_role(skill, membership, form.cleaned_data["role"])
        messages.success(request, f"{membership.user_name} is {form.cleaned_data['role']} now.")
    else:
        messages.error(request, "Choose editor or viewer. Nothing was changed.")
    return redirect("skill-people", skill.slug)


@require_POST
@skill_page(changing=OWNER)
def member_remove(request: HttpRequest, skill: Skill, member_pk: int) -> HttpResponse:
    """End a membership, or withdraw an invitation."""
    membership = get_object_or_404(skill.memberships, pk=member_pk)
    people.dismiss(skill, membership)
    messages.success(request, f"{membership.user_name} was removed.")
    return redirect("skill-people", skill.slug)


@require_http_methods(["GET", "POST"])
@skill_page(looking=OWNER, changing=OWNER)
def skill_transfer(request: HttpRequest, skill: Skill, member_pk: int) -> HttpResponse:
    """Ask, then make a member the owner."""
    members = skill.memberships.exclude(user=None)
    membership = get_object_or_404(members, pk=member_pk)
    if request.method == "POST":
        owner = people.transfer(skill, membership)
        messages.success(request, f"{owner.username} owns the skill now. You are an editor of it.")
        return redirect("skill-people", skill.slug)
    context = {"tab": "settings", "member": membership}
    return show(request, skill, "authoring/skill_transfer.html", context)


@require_POST
@skill_page(changing=VIEWER)
def skill_leave(request: HttpRequest, skill: Skill) -> HttpResponse:
    """End one's own membership; an owner has none to end."""
    try:
        people.leave(skill, request.user)
    except OwnerStays as error:
        messages.error(request, str(error))
        return redirect("skill-people", skill.slug)
    messages.success(request, f"You left {skill.name}.")
    return redirect("skill-list")


@require_POST
@signed_in
def invitation_answer(request: HttpRequest, member_pk: int) -> HttpResponse:
    """Accept or decline an invitation of mine."""
    invitation = get_object_or_404(people.invitations_of(request.user), pk=member_pk)
    skill = invitation.skill
    if request.POST.get("answer") == "accept":
        people.accept(invitation, request.user)
        messages.success(request, f"You are {invitation.role} of {skill.name} now.")
        return redirect("skill-detail", skill.slug)
    people.dismiss(skill, invitation)
    messages.info(request, f"You declined the invitation to {skill.name}.")
    return redirect("skill-list")
