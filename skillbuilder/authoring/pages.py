"""What all pages of a skill have in common: who may see them, and their frame."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render, resolve_url
from django_htmx.http import HttpResponseClientRedirect

from skillbuilder.authoring.models import Skill

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


def skill_page(view: View) -> View:
    """Give ``view`` the skill that the slug names; somebody else's is a 404."""

    @signed_in
    @wraps(view)
    def wrapper(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponse:
        skill = get_object_or_404(Skill.objects.visible_to(request.user), slug=slug)
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
    context = {"skill": skill, "is_fragment": bool(wants_fragment)} | context
    return render(request, name, context, status=status)
