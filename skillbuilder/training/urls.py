"""Addresses of builds."""

from __future__ import annotations

from django.urls import path

from skillbuilder.training import evaluation_views, versions, views

urlpatterns = [
    path("skills/<slug:slug>/builds", views.skill_build, name="skill-build"),
    path("skills/<slug:slug>/builds/controls", views.build_controls, name="build-controls"),
    path("skills/<slug:slug>/versions", versions.skill_versions, name="skill-versions"),
    path(
        "skills/<slug:slug>/versions/<int:number>/name",
        versions.version_name,
        name="version-name",
    ),
    path(
        "skills/<slug:slug>/versions/<int:number>/restore",
        versions.version_restore,
        name="version-restore",
    ),
    path("builds/<uuid:run_id>/status", views.run_status, name="run-status"),
    path("builds/<uuid:run_id>/cancel", views.run_cancel, name="run-cancel"),
    path("builds/<uuid:run_id>/release", views.run_release, name="run-release"),
    path(
        "skills/<slug:slug>/annotation-sets/<int:set_pk>/evaluate",
        evaluation_views.evaluation_start,
        name="evaluation-start",
    ),
    path("skills/<slug:slug>/quality", evaluation_views.quality_start, name="quality-start"),
    path(
        "evaluations/<uuid:evaluation_id>/", evaluation_views.evaluation_detail, name="evaluation"
    ),
    path(
        "evaluations/<uuid:evaluation_id>/calibration",
        evaluation_views.evaluation_calibration,
        name="evaluation-calibration",
    ),
    path(
        "evaluations/<uuid:evaluation_id>/cancel",
        evaluation_views.evaluation_cancel,
        name="evaluation-cancel",
    ),
    path(
        "evaluations/<uuid:evaluation_id>/export",
        evaluation_views.evaluation_export,
        name="evaluation-export",
    ),
]
