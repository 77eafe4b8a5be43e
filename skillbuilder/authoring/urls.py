"""Addresses of what people write."""

from __future__ import annotations

from django.urls import path

from skillbuilder.authoring import (
    annotation_views,
    bin_views,
    check_views,
    dialog_views,
    history_views,
    intent_views,
    people_views,
    sample_import_views,
    slot_type_views,
    transfer_views,
    type_setting_views,
    value_list_views,
    views,
    word_map_views,
)

_SET = "skills/<slug:slug>/annotation-sets/<int:set_pk>"
_INTENT = "skills/<slug:slug>/intents/<int:pk>"
_MEMBER = "skills/<slug:slug>/people/<int:member_pk>"
_SLOT_TYPE = "skills/<slug:slug>/slot-types/<int:pk>"

urlpatterns = [
    path("skills/new", views.skill_create, name="skill-create"),
    path("skills/new/invocation-name", views.invocation_name_check, name="invocation-name-check"),
    path("skills/<slug:slug>/", views.skill_detail, name="skill-detail"),
    path("skills/<slug:slug>/checklist", views.checklist_hide, name="checklist-hide"),
    path("skills/<slug:slug>/words", word_map_views.skill_words, name="skill-words"),
    path("skills/<slug:slug>/settings", views.skill_settings, name="skill-settings"),
    path("skills/<slug:slug>/delete", views.skill_delete, name="skill-delete"),
    path("bin", bin_views.skill_bin, name="skill-bin"),
    path("bin/<slug:slug>/restore", bin_views.bin_restore, name="bin-restore"),
    path("bin/<slug:slug>/delete", bin_views.bin_delete, name="bin-delete"),
    path("skills/<slug:slug>/history", history_views.skill_history, name="skill-history"),
    path(
        "skills/<slug:slug>/history/<int:change_pk>/restore",
        history_views.change_restore,
        name="change-restore",
    ),
    path(
        "skills/<slug:slug>/history/<int:change_pk>/undo",
        history_views.change_undo,
        name="change-undo",
    ),
    path("skills/<slug:slug>/people", people_views.skill_people, name="skill-people"),
    path("skills/<slug:slug>/leave", people_views.skill_leave, name="skill-leave"),
    path(f"{_MEMBER}/role", people_views.member_role, name="member-role"),
    path(f"{_MEMBER}/remove", people_views.member_remove, name="member-remove"),
    path(f"{_MEMBER}/transfer", people_views.skill_transfer, name="skill-transfer"),
    path("invitations/<int:member_pk>", people_views.invitation_answer, name="invitation-answer"),
    path("skills/<slug:slug>/json", views.skill_json, name="skill-json"),
    path("skills/<slug:slug>/json/check", views.skill_json_check, name="skill-json-check"),
    path("skills/<slug:slug>/json/download", views.skill_json_download, name="skill-json-download"),
    path("skills/<slug:slug>/checks", check_views.check_list, name="check-list"),
    path("skills/<slug:slug>/checks/badge", check_views.check_badge, name="check-badge"),
    path("skills/<slug:slug>/checks/fix", check_views.check_fix, name="check-fix"),
    path("skills/<slug:slug>/checks/dismiss", check_views.check_dismiss, name="check-dismiss"),
    path("skills/<slug:slug>/checks/restore", check_views.check_restore, name="check-restore"),
    path(
        "skills/<slug:slug>/checks/intents/<int:pk>",
        check_views.object_checks,
        {"kind": "intents"},
        name="intent-checks",
    ),
    path(
        "skills/<slug:slug>/checks/slot-types/<int:pk>",
        check_views.object_checks,
        {"kind": "slot-types"},
        name="slot-type-checks",
    ),
    path("skills/<slug:slug>/samples", sample_import_views.samples_import, name="samples-import"),
    path(
        "skills/<slug:slug>/samples/review",
        sample_import_views.samples_import_review,
        name="samples-import-review",
    ),
    path(
        "skills/<slug:slug>/samples.csv",
        sample_import_views.samples_download,
        name="samples-download",
    ),
    path("skills/<slug:slug>/intents", views.intent_create, name="intent-create"),
    path(f"{_INTENT}/", intent_views.intent_detail, name="intent-detail"),
    path(f"{_INTENT}/rename", intent_views.intent_rename, name="intent-rename"),
    path(f"{_INTENT}/delete", intent_views.intent_delete, name="intent-delete"),
    path(f"{_INTENT}/transfer", transfer_views.intent_transfer, name="intent-transfer"),
    path(f"{_INTENT}/samples", intent_views.sample_create, name="sample-create"),
    path(f"{_INTENT}/samples/review", intent_views.sample_review, name="sample-review"),
    path(f"{_INTENT}/samples/chosen", intent_views.samples_chosen, name="samples-chosen"),
    path(f"{_INTENT}/samples.csv", intent_views.sample_download, name="sample-download"),
    path(f"{_INTENT}/samples/mark", intent_views.sample_mark, name="sample-mark"),
    path(f"{_INTENT}/samples/<int:sample_pk>", intent_views.sample_edit, name="sample-edit"),
    path(
        f"{_INTENT}/samples/<int:sample_pk>/delete",
        intent_views.sample_delete,
        name="sample-delete",
    ),
    path(f"{_INTENT}/dialog", dialog_views.intent_dialog_page, name="intent-dialog"),
    path(
        f"{_INTENT}/slots/<int:slot_pk>/settings", dialog_views.slot_settings, name="slot-settings"
    ),
    path(f"{_INTENT}/slots", intent_views.slot_create, name="slot-create"),
    path(f"{_INTENT}/slots/<int:slot_pk>", intent_views.slot_rename, name="slot-rename"),
    path(f"{_INTENT}/slots/<int:slot_pk>/type", intent_views.slot_retype, name="slot-retype"),
    path(f"{_INTENT}/slots/<int:slot_pk>/delete", intent_views.slot_delete, name="slot-delete"),
    path("skills/<slug:slug>/slot-types", views.slot_type_create, name="slot-type-create"),
    path(f"{_SLOT_TYPE}/", slot_type_views.slot_type_detail, name="slot-type-detail"),
    path(f"{_SLOT_TYPE}/rename", slot_type_views.slot_type_rename, name="slot-type-rename"),
    path(f"{_SLOT_TYPE}/delete", slot_type_views.slot_type_delete, name="slot-type-delete"),
    path(f"{_SLOT_TYPE}/settings", type_setting_views.type_settings_store, name="type-settings"),
    path(f"{_SLOT_TYPE}/try", type_setting_views.type_settings_try, name="type-settings-try"),
    path(f"{_SLOT_TYPE}/csv", value_list_views.list_import, name="value-list"),
    path(f"{_SLOT_TYPE}/csv/download", value_list_views.list_download, name="value-list-download"),
    path(f"{_SLOT_TYPE}/values", slot_type_views.value_create, name="value-create"),
    path(f"{_SLOT_TYPE}/values/many", slot_type_views.values_create, name="values-create"),
    path(f"{_SLOT_TYPE}/values/<int:value_pk>", slot_type_views.value_edit, name="value-edit"),
    path(
        f"{_SLOT_TYPE}/values/<int:value_pk>/delete",
        slot_type_views.value_delete,
        name="value-delete",
    ),
    path(
        "skills/<slug:slug>/annotation-sets",
        annotation_views.annotation_set_list,
        name="annotation-set-list",
    ),
    path(
        "skills/<slug:slug>/annotation-sets/add",
        annotation_views.annotation_add,
        name="annotation-add",
    ),
    path(
        "skills/<slug:slug>/annotation-sets/mark",
        annotation_views.annotation_mark,
        name="annotation-mark",
    ),
    path(f"{_SET}/", annotation_views.annotation_set_detail, name="annotation-set"),
    path(f"{_SET}/fill", annotation_views.annotation_set_fill, name="annotation-set-fill"),
    path(
        f"{_SET}/settings",
        annotation_views.annotation_set_settings,
        name="annotation-set-settings",
    ),
    path(f"{_SET}/delete", annotation_views.annotation_set_delete, name="annotation-set-delete"),
    path(
        f"{_SET}/problems",
        annotation_views.annotation_set_problems,
        name="annotation-set-problems",
    ),
    path(
        f"{_SET}/download",
        annotation_views.annotation_set_download,
        name="annotation-set-download",
    ),
    path(f"{_SET}/annotations", annotation_views.annotation_create, name="annotation-create"),
    path(
        f"{_SET}/annotations/<int:annotation_pk>",
        annotation_views.annotation_edit,
        name="annotation-edit",
    ),
    path(
        f"{_SET}/annotations/<int:annotation_pk>/delete",
        annotation_views.annotation_delete,
        name="annotation-delete",
    ),
]
