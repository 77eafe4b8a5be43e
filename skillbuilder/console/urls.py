"""Addresses of the home page, the console and the account."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from skillbuilder.console import (
    account,
    dialogue_views,
    log_views,
    serving_views,
    skill_list,
    views,
)

urlpatterns = [
    path("", skill_list.skill_list, name="skill-list"),
    path("skills/<slug:slug>/console", views.skill_console, name="skill-console"),
    path("skills/<slug:slug>/console/teach", views.console_teach, name="console-teach"),
    path("skills/<slug:slug>/console/why", views.console_why, name="console-why"),
    path("skills/<slug:slug>/console/drawer", views.console_drawer, name="console-drawer"),
    path("skills/<slug:slug>/console/history", views.console_history, name="console-history"),
    path("skills/<slug:slug>/console/many", views.console_many, name="console-many"),
    path("skills/<slug:slug>/console/lesson", views.console_lesson, name="console-lesson"),
    path("skills/<slug:slug>/log", log_views.skill_log, name="skill-log"),
    path("skills/<slug:slug>/log/settings", log_views.log_settings, name="log-settings"),
    path("skills/<slug:slug>/log/<int:entry_pk>", log_views.log_review, name="log-review"),
    path("skills/<slug:slug>/dialogue", dialogue_views.skill_dialogue, name="skill-dialogue"),
    path("login", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("serving", serving_views.serving_status, name="serving"),
    path("account", account.account_settings, name="account-settings"),
    path("tokens", account.token_list, name="token-list"),
    path("tokens/<slug:key>/revoke", account.token_revoke, name="token-revoke"),
]
