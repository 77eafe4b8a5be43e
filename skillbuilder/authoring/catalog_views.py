"""The pages of catalogs: the list, one with its versions and who uses it, and an upload."""

from __future__ import annotations

import uuid
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from nlu_engine import interaction_model as im
from nlu_engine.differences import list_changes
from nlu_engine.value_lists import write_values
from skillbuilder.authoring import catalogs
from skillbuilder.authoring.catalog_documents import slot_values_of
from skillbuilder.authoring.catalogs import CatalogFull, listed, uses_of
from skillbuilder.authoring.editing import Conflict, NameTaken
from skillbuilder.authoring.forms import CatalogForm, CatalogListForm, first_error
from skillbuilder.authoring.models import Catalog, CatalogVersion
from skillbuilder.authoring.pages import View, csv_answer, signed_in
from skillbuilder.authoring.skill_forms import with_value
from skillbuilder.authoring.value_lists import with_list

VALUES_A_PAGE = 50
DIFFERENCES_SHOWN = 200
MOST_LISTED = 500


def catalog_page(view: View) -> View:
    """Give ``view`` the catalog that the address names; a stranger's request is a 404.

    Whoever sees it in a skill may look; only its owner may send anything.
    """

    @signed_in
    @wraps(view)
    def wrapper(request: HttpRequest, catalog_id: uuid.UUID, **kwargs: Any) -> HttpResponse:
        catalog = get_object_or_404(listed(request.user), pk=catalog_id)
        if request.method == "POST" and catalog.owner_id != request.user.pk:
            raise PermissionDenied(f"Only {catalog.owner.username} may change {catalog.name}.")
        return view(request, catalog, **kwargs)

    return wrapper


@require_http_methods(["GET", "POST"])
@signed_in
def catalog_list(request: HttpRequest) -> HttpResponse:
    """List my catalogs and those that my skills use; make one."""
    form = CatalogForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = catalogs.create_catalog(request.user, form.cleaned_data["name"])
        except NameTaken as error:
            form.add_error("name", str(error))
        else:
            return redirect("catalog", made.pk)
    context = {"catalogs": listed(request.user)[:MOST_LISTED], "form": form}
    status = 422 if form.errors else 200
    return render(request, "authoring/catalogs.html", context, status=status)


@require_GET
@catalog_page
def catalog_detail(request: HttpRequest, catalog: Catalog) -> HttpResponse:
    """Show a catalog."""
    return detail(request, catalog)


def detail(
    request: HttpRequest, catalog: Catalog, status: int = 200, **context: Any
) -> HttpResponse:
    """Render the page of a catalog: one version's values, all versions, and who uses it."""
    versions = list(catalog.versions.defer("rows").select_related("user"))
    number = request.GET.get("version", "")
    wanted = int(number) if number.isdecimal() and len(number) < 10 else catalog.newest
    shown = get_object_or_404(catalog.versions, number=wanted) if versions else None
    query = request.GET.get("q", "").strip().replace("\x00", "")
    rows = _found(shown, query) if shown else []
    context = {
        "catalog": catalog,
        "is_mine": catalog.owner_id == request.user.pk,
        "versions": versions,
        "version": shown,
        "query": query,
        "page": Paginator(rows, VALUES_A_PAGE).get_page(request.GET.get("page")),
        "uses": uses_of(catalog, request.user),
        "list_form": CatalogListForm(initial={"mode": "replace"}),
    } | context
    return render(request, "authoring/catalog.html", context, status=status)


def _found(version: CatalogVersion, query: str) -> list[Any]:
    words = query.casefold()
    return [
        (value, id_, synonyms)
        for value, id_, synonyms in version.rows
        if words in "\n".join((value, id_, *synonyms)).casefold()
    ]


@require_POST
@catalog_page
def catalog_rename(request: HttpRequest, catalog: Catalog) -> HttpResponse:
    """Give the catalog another name."""
    form = CatalogForm(request.POST)
    if not form.is_valid():
        return detail(request, catalog, 422, error=first_error(form))
    try:
        catalogs.rename_catalog(catalog, form.cleaned_data["name"])
    except NameTaken as error:
        return detail(request, catalog, 422, error=str(error))
    return redirect("catalog", catalog.pk)


@require_http_methods(["GET", "POST"])
@catalog_page
def catalog_delete(request: HttpRequest, catalog: Catalog) -> HttpResponse:
    """Ask, then delete the catalog; slot types keep the values that they have."""
    if request.method == "POST":
        catalogs.delete_catalog(catalog)
        messages.success(request, f"{catalog.name} was deleted.")
        return redirect("catalog-list")
    if catalog.owner_id != request.user.pk:
        raise PermissionDenied(f"Only {catalog.owner.username} may delete {catalog.name}.")
    context = {"catalog": catalog, "uses": uses_of(catalog, request.user)}
    return render(request, "authoring/catalog_delete.html", context)


@require_GET
@catalog_page
def catalog_download(request: HttpRequest, catalog: Catalog, number: int) -> HttpResponse:
    """Send the values of a version as a CSV file."""
    version = get_object_or_404(catalog.versions, number=number)
    return csv_answer(write_values(slot_values_of(version)), f"{catalog.name}.{number}")


@require_POST
@catalog_page
def catalog_upload(request: HttpRequest, catalog: Catalog) -> HttpResponse:
    """Show what a list would change, then make a version of it."""
    form = CatalogListForm(request.POST, request.FILES)
    if not form.is_valid():
        return detail(request, catalog, 422, list_form=form, opens_upload=True)
    if request.POST.get("back"):
        return detail(request, catalog, list_form=form, opens_upload=True)
    if not form.cleaned_data["is_reviewed"]:
        return review(request, catalog, form)
    old = _model_of(catalog)
    new = with_list(old, form.values, form.cleaned_data["mode"]).slot_types[0].values
    note, seen = form.cleaned_data["note"], form.cleaned_data["digest"]
    try:
        after = int(seen) if seen.isdecimal() and len(seen) < 10 else -1
        version = catalogs.add_version(catalog, new, note=note, after=after)
    except Conflict as conflict:
        catalog.refresh_from_db()
        return review(request, catalog, form, status=409, conflict=conflict)
    except CatalogFull as error:
        return detail(request, catalog, 422, error=str(error))
    messages.success(request, f"Version {version.number} was stored.")
    return redirect("catalog", catalog.pk)


def _model_of(catalog: Catalog) -> im.InteractionModel:
    newest = catalog.versions.filter(number=catalog.newest).first()
    values = slot_values_of(newest) if newest else ()
    return im.InteractionModel(slot_types=(im.SlotType(catalog.name, values),))


def review(
    request: HttpRequest,
    catalog: Catalog,
    form: CatalogListForm,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Show what the list would change of the newest version, and ask."""
    old = _model_of(catalog)
    mode = form.cleaned_data["mode"]
    new = with_list(old, form.values, mode)
    found, counts = list_changes(old.slot_types[0], new.slot_types[0], DIFFERENCES_SHOWN)
    with_value(form, "digest", str(catalog.newest))
    context = {
        "catalog": catalog,
        "form": form,
        "number": catalog.newest + 1,
        "differences": found,
        "count": sum(counts.values()),
        "counts": counts.items(),
        "followers": catalog.slot_types.filter(follows_newest=True).count(),
    } | context
    return render(request, "authoring/catalog_review.html", context, status=status)
