"""Addresses of what people write."""

from __future__ import annotations

from django.urls import path

from skillbuilder.authoring import intent_views, slot_type_views, views, word_map_views

_INTENT = "skills/<slug:slug>/intents/<int:pk>"
_SLOT_TYPE = "skills/<slug:slug>/slot-types/<int:pk>"

urlpatterns = [
    path("skills/new", views.skill_create, name="skill-create"),
    path("skills/new/invocation-name", views.invocation_name_check, name="invocation-name-check"),
    path("skills/<slug:slug>/", views.skill_detail, name="skill-detail"),
    path("skills/<slug:slug>/checklist", views.checklist_hide, name="checklist-hide"),
    path("skills/<slug:slug>/words", word_map_views.skill_words, name="skill-words"),
    path("skills/<slug:slug>/settings", views.skill_settings, name="skill-settings"),
    path("skills/<slug:slug>/delete", views.skill_delete, name="skill-delete"),
    path("skills/<slug:slug>/json", views.skill_json, name="skill-json"),
    path("skills/<slug:slug>/json/download", views.skill_json_download, name="skill-json-download"),
    path("skills/<slug:slug>/intents", views.intent_create, name="intent-create"),
    path(f"{_INTENT}/", intent_views.intent_detail, name="intent-detail"),
    path(f"{_INTENT}/rename", intent_views.intent_rename, name="intent-rename"),
    path(f"{_INTENT}/delete", intent_views.intent_delete, name="intent-delete"),
    path(f"{_INTENT}/samples", intent_views.sample_create, name="sample-create"),
    path(f"{_INTENT}/samples/<int:sample_pk>", intent_views.sample_edit, name="sample-edit"),
    path(
        f"{_INTENT}/samples/<int:sample_pk>/delete",
        intent_views.sample_delete,
        name="sample-delete",
    ),
    path(f"{_INTENT}/slots", intent_views.slot_create, name="slot-create"),
    path(f"{_INTENT}/slots/<int:slot_pk>", intent_views.slot_rename, name="slot-rename"),
    path(f"{_INTENT}/slots/<int:slot_pk>/type", intent_views.slot_retype, name="slot-retype"),
    path(f"{_INTENT}/slots/<int:slot_pk>/delete", intent_views.slot_delete, name="slot-delete"),
    path("skills/<slug:slug>/slot-types", views.slot_type_create, name="slot-type-create"),
    path(f"{_SLOT_TYPE}/", slot_type_views.slot_type_detail, name="slot-type-detail"),
    path(f"{_SLOT_TYPE}/rename", slot_type_views.slot_type_rename, name="slot-type-rename"),
    path(f"{_SLOT_TYPE}/delete", slot_type_views.slot_type_delete, name="slot-type-delete"),
    path(f"{_SLOT_TYPE}/values", slot_type_views.value_create, name="value-create"),
    path(f"{_SLOT_TYPE}/values/many", slot_type_views.values_create, name="values-create"),
    path(f"{_SLOT_TYPE}/values/<int:value_pk>", slot_type_views.value_edit, name="value-edit"),
    path(
        f"{_SLOT_TYPE}/values/<int:value_pk>/delete",
        slot_type_views.value_delete,
        name="value-delete",
    ),
]
