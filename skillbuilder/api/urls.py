"""URLs of the API, none with a slash at its end, and of its documentation."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from skillbuilder.api import (
    annotation_views,
    bin_views,
    catalog_views,
    people_views,
    slot_type_views,
    views,
)

v1 = [
    path("skills/<slug:slug>/parse", views.Parse.as_view(), name="parse"),
    path("skills", views.SkillList.as_view(), name="skills"),
    path("skills/<slug:slug>", views.SkillDetail.as_view(), name="skill"),
    path(
        "skills/<slug:slug>/interaction-model",
        views.InteractionModelDocument.as_view(),
        name="interaction-model",
    ),
    path("skills/<slug:slug>/checks", views.Checks.as_view(), name="checks"),
    path("skills/<slug:slug>/slot-types", slot_type_views.SlotTypes.as_view(), name="slot-types"),
    path(
        "skills/<slug:slug>/slot-types/<str:type_name>/values",
        slot_type_views.SlotTypeValues.as_view(),
        name="slot-type-values",
    ),
    path(
        "skills/<slug:slug>/slot-types/<str:type_name>/catalog",
        catalog_views.SlotTypeCatalog.as_view(),
        name="slot-type-catalog",
    ),
    path("catalogs", catalog_views.Catalogs.as_view(), name="catalogs"),
    path("catalogs/<uuid:key>", catalog_views.CatalogDetail.as_view(), name="catalog"),
    path(
        "catalogs/<uuid:key>/versions",
        catalog_views.CatalogVersions.as_view(),
        name="catalog-versions",
    ),
    path(
        "catalogs/<uuid:key>/versions/<int:number>/values",
        catalog_views.CatalogValues.as_view(),
        name="catalog-values",
    ),
    path("skills/<slug:slug>/training-runs", views.RunList.as_view(), name="training-runs"),
    path("skills/<slug:slug>/explain", views.Explain.as_view(), name="explain"),
    path("skills/<slug:slug>/dialogue", views.Dialogue.as_view(), name="dialogue"),
    path("bin", bin_views.Bin.as_view(), name="bin"),
    path("bin/<slug:slug>", bin_views.BinnedSkill.as_view(), name="bin-skill"),
    path("bin/<slug:slug>/restore", bin_views.BinRestore.as_view(), name="bin-restore"),
    path("skills/<slug:slug>/people", people_views.People.as_view(), name="people"),
    path("skills/<slug:slug>/people/<int:member_id>", people_views.Member.as_view(), name="member"),
    path(
        "skills/<slug:slug>/people/<int:member_id>/transfer",
        people_views.MemberTransfer.as_view(),
        name="member-transfer",
    ),
    path("skills/<slug:slug>/leave", people_views.Leave.as_view(), name="leave"),
    path("skills/<slug:slug>/history", people_views.History.as_view(), name="history"),
    path("invitations", people_views.Invitations.as_view(), name="invitations"),
    path("invitations/<int:member_id>", people_views.Invitation.as_view(), name="invitation"),
    path("training-runs/<uuid:run_id>", views.RunDetail.as_view(), name="training-run"),
    path("training-runs/<uuid:run_id>/log", views.RunLog.as_view(), name="run-log"),
    path("training-runs/<uuid:run_id>/cancel", views.RunCancel.as_view(), name="run-cancel"),
    path(
        "skills/<slug:slug>/annotation-sets",
        annotation_views.AnnotationSets.as_view(),
        name="annotation-sets",
    ),
    path(
        "skills/<slug:slug>/annotation-sets/<int:set_id>",
        annotation_views.AnnotationSetDetail.as_view(),
        name="annotation-set",
    ),
    path(
        "skills/<slug:slug>/annotation-sets/<int:set_id>/annotations",
        annotation_views.Annotations.as_view(),
        name="annotations",
    ),
    path(
        "skills/<slug:slug>/annotation-sets/<int:set_id>/evaluations",
        annotation_views.Evaluations.as_view(),
        name="evaluations",
    ),
    path(
        "evaluations/<uuid:evaluation_id>",
        annotation_views.EvaluationDetail.as_view(),
        name="evaluation",
    ),
    path(
        "evaluations/<uuid:evaluation_id>/results",
        annotation_views.EvaluationResults.as_view(),
        name="evaluation-results",
    ),
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
