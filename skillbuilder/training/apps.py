"""The app of what the machine makes."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """Training runs and their artifacts."""

    name = "skillbuilder.training"
    verbose_name = "Training"
