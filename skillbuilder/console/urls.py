"""Addresses of the home page, the console and the account."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from skillbuilder.console import account, dialogue_views, skill_list, views

urlpatterns = [
    path("", skill_list.skill_list, name="skill-list"),
    path("skills/<slug:slug>/console", views.skill_console, name="skill-console"),
    path("skills/<slug:slug>/console/teach", views.console_teach, name="console-teach"),
    path("skills/<slug:slug>/dialogue", dialogue_views.skill_dialogue, name="skill-dialogue"),
    path("login", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("tokens", account.token_list, name="token-list"),
    path("tokens/<slug:key>/revoke", account.token_revoke, name="token-revoke"),
]
