"""What all pages of a skill have in common: who may see them, and their frame."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, overload

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django_htmx.http import HttpResponseClientRedirect

from skillbuilder.authoring.history import last_change
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.people import EDITOR, OWNER, refuse_role, role_of

View = Callable[..., HttpResponse]


def by_htmx(request: HttpRequest) -> bool:
    """Return whether htmx sent ``request`` and wants a piece of a page."""
    return bool(getattr(request, "htmx", None))


def signed_in(view: View) -> View:
    """Let only signed-in users through; others go to the sign-in page and come back."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if by_htmx(request):
            # htmx would put the sign-in page into a corner of this one.
            return HttpResponseClientRedirect(resolve_url("login"))
        return redirect_to_login(request.get_full_path())

    return wrapper


@overload
def skill_page(view: View, /) -> View: ...
@overload
def skill_page(**needs: str) -> Callable[[View], View]: ...
def skill_page(view: View | None = None, /, **needs: str) -> Any:
    """Give ``view`` the skill that the slug names; a stranger's request is a 404.

    To look needs the role viewer, to send anything the role editor; ``needs`` says what else,
    ``changing="viewer"`` where a POST changes nothing. A member whose role does not do gets a 403.
    """
    if view is None:
        return partial(skill_page, **needs)

    @signed_in
    @wraps(view)
    def wrapper(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponse:
        skill = get_object_or_404(Skill, slug=slug)
        refuse_role(skill, request.user, request.method, **needs)
        return view(request, skill, **kwargs)

    return wrapper


def show(
    request: HttpRequest,
    skill: Skill,
    template: str,
    context: dict[str, Any],
    *,
    fragment: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render a page of ``skill``, or only its ``fragment`` when htmx asks for that."""
    wants_fragment = fragment and by_htmx(request)
    name = fragment if wants_fragment else template
    role = role_of(skill, request.user)
    roles = {"role": role, "may_edit": role in (EDITOR, OWNER), "is_owner": role == OWNER}
    context = {"skill": skill, "is_fragment": bool(wants_fragment)} | roles | context
    return render(request, name, context, status=status)


def next_address(request: HttpRequest) -> str:
    """Return the page of ours that a form names to go on to, "" where it names none."""
    address = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure())
    return address if ours else ""


def part_of_list(address: str, query: str, page: int) -> str:
    """Return the ``address`` of an editor with what of its list is shown.

    Whoever undoes an edit there comes back to that.
    """
    chosen = ({"q": query} if query else {}) | ({"page": page} if page > 1 else {})
    return f"{address}?{urlencode(chosen)}" if chosen else address


def say_done(request: HttpRequest, text: str, *, is_undo: bool = False) -> None:
    """Say ``text`` on the next page, with a button that takes the last edit back."""
    change = last_change()
    tags = f"{'redo' if is_undo else 'undo'} {change.pk}" if change and change.undo else ""
    messages.success(request, text, extra_tags=tags)


def csv_answer(text: str, name: str) -> HttpResponse:
    """Send ``text`` as the file ``name``.csv; a draft's name may hold any character."""
    # Excel takes a file for UTF-8 only if it begins with this mark.
    answer = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name)
    answer["Content-Disposition"] = f'attachment; filename="{plain}.csv"'
    return answer
