"""The bin: the page of a user's deleted skills."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from skillbuilder.authoring import bin
from skillbuilder.authoring.pages import signed_in

SKILLS_A_PAGE = 20


@require_GET
@signed_in
def skill_bin(request: HttpRequest) -> HttpResponse:
    """List my deleted skills, the last one first."""
    page = Paginator(bin.bin_of(request.user), SKILLS_A_PAGE).get_page(request.GET.get("page"))
    rows = [(skill, bin.leaves_at(skill)) for skill in page.object_list]
    context = {"page": page, "rows": rows, "days": bin.KEPT.days}
    return render(request, "authoring/bin.html", context)


@require_POST
@signed_in
def bin_restore(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a skill out of my bin and open it."""
    skill = bin.restore(request.user, slug)
    messages.success(request, f"{skill.name} is back, with all that was in it.")
    return redirect("skill-detail", skill.slug)


@require_http_methods(["GET", "POST"])
@signed_in
def bin_delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask once more, then delete a skill in my bin for good."""
    skill = get_object_or_404(bin.bin_of(request.user), slug=slug)
    if request.method == "GET":
        return render(request, "authoring/bin_delete.html", {"skill": skill})
    bin.delete_for_good(request.user, slug)
    messages.success(request, f"{skill.name} was deleted for good.")
    return redirect("skill-bin")
