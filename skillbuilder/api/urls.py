"""URLs of the API, none with a slash at its end, and of its documentation."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from skillbuilder.api import views

v1 = [
    path("skills", views.SkillList.as_view(), name="skills"),
    path("skills/<slug:slug>", views.SkillDetail.as_view(), name="skill"),
    path(
        "skills/<slug:slug>/interaction-model",
        views.InteractionModelDocument.as_view(),
        name="interaction-model",
    ),
    path("skills/<slug:slug>/checks", views.Checks.as_view(), name="checks"),
    path("skills/<slug:slug>/training-runs", views.RunList.as_view(), name="training-runs"),
    path("skills/<slug:slug>/parse", views.Parse.as_view(), name="parse"),
    path("skills/<slug:slug>/explain", views.Explain.as_view(), name="explain"),
    path("training-runs/<uuid:run_id>", views.RunDetail.as_view(), name="training-run"),
    path("training-runs/<uuid:run_id>/cancel", views.RunCancel.as_view(), name="run-cancel"),
]

urlpatterns = [
    path("v1/", include((v1, "api"))),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(
            url_name="api-schema", template_name="api/docs.html", title="skillbuilder API"
        ),
        name="api-docs",
    ),
]
