"""Addresses of builds."""

from __future__ import annotations

from django.urls import path

from skillbuilder.training import views

urlpatterns = [
    path("skills/<slug:slug>/builds", views.skill_build, name="skill-build"),
    path("skills/<slug:slug>/builds/controls", views.build_controls, name="build-controls"),
    path("builds/<uuid:run_id>/status", views.run_status, name="run-status"),
    path("builds/<uuid:run_id>/cancel", views.run_cancel, name="run-cancel"),
]
