"""The history of a skill: who changed what, and how to get back what was removed."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from nlu_engine.interaction_model import InteractionModel
from skillbuilder.authoring import editing, history, undo
from skillbuilder.authoring.digests import digest_of
from skillbuilder.authoring.import_export import export_interaction_model
from skillbuilder.authoring.models import Change, Skill
from skillbuilder.authoring.pages import (
    by_htmx,
    next_address,
    say_done,
    show,
    skill_page,
)
from skillbuilder.authoring.renames import followed

CHANGES_A_PAGE = 20


@require_GET
@skill_page
def skill_history(request: HttpRequest, skill: Skill) -> HttpResponse:
    """List the changes, newest first; ``by`` chooses those of one person, ``kind`` of a kind."""
    by = request.GET.get("by", "").replace("\x00", "")
    kind = request.GET.get("kind", "")
    chosen = history.changes_of(skill, by=by, kind=kind if kind in Change.Kind.values else "")
    page = Paginator(chosen, CHANGES_A_PAGE).get_page(request.GET.get("page"))
    present = history.names_in(skill)
    entries = [(change, history.restorable(change, present)) for change in page.object_list]
    names = skill.changes.exclude(user=None).order_by("user__username")
    context = {
        "tab": "history",
        "page": page,
        "entries": entries,
        "by": by,
        "kind": kind,
        "kinds": Change.Kind.choices,
        "digest": digest_of(skill),
        "people": names.values_list("user__username", flat=True).distinct(),
    }
    return show(request, skill, "authoring/history.html", context)


@require_POST
@skill_page
def change_restore(request: HttpRequest, skill: Skill, change_pk: int) -> HttpResponse:
    """Bring back one removed intent or slot type, or the whole skill as it was before.

    The form carries the digest of what was shown: a change made since is not overwritten.
    """
    change = get_object_or_404(skill.changes.exclude(before=None), pk=change_pk)
    before = InteractionModel.from_stored(change.before)
    what, name = request.POST.get("what", ""), request.POST.get("name", "")
    now = export_interaction_model(skill)
    try:
        wanted = history.with_restored(now, before, what, name) if what else before
        since = None if what else change.created_at
        editing.replace_document(skill, wanted, request.POST.get("digest", ""), since)
    except LookupError as error:
        raise Http404 from error
    except (ValueError, editing.Conflict) as error:
        messages.error(request, str(error))
    else:
        more = followed(history.last_change())
        messages.success(request, f"{name or 'The skill as it was'} is back. {more}")
    return redirect("skill-history", skill.slug)


@require_POST
@skill_page
def change_undo(request: HttpRequest, skill: Skill, change_pk: int) -> HttpResponse:
    """Take one edit back, which can be taken back itself, and return to the page it was on."""
    change = get_object_or_404(skill.changes, pk=change_pk)
    address = next_address(request) or reverse("skill-history", args=[skill.slug])
    try:
        undo.take_back(change)
    except (undo.CannotUndo, history.FromCatalog) as error:
        messages.warning(request, str(error))
    else:
        say_done(request, f"Taken back: {history.told(change)}.", is_undo=True)
        if undo.removes_page(change) and address != reverse("skill-history", args=[skill.slug]):
            address = reverse("skill-detail", args=[skill.slug])
            if by_htmx(request):
                return HttpResponseClientRedirect(address)
    return redirect(address)
