"""Conversions: a sheet of an uploaded spreadsheet written down as text."""

from __future__ import annotations

from typing import Self

from django.db import models

from imports.models.uploads import Upload
from runs.models import IS_UNFINISHED, FileStep, RunQuerySet


class ConversionQuerySet(RunQuerySet["Conversion"]):
    def visible_to(self, user: models.Model) -> Self:
        """What an upload was turned into is for its owner alone."""
        return self.filter(owner=user)


class Conversion(FileStep):
    """One sheet of an uploaded spreadsheet on its way to being a text. Without a sheet named, the first is meant."""

    task = "imports.tasks.convert"

    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, related_name="conversions")
    sheet = models.CharField(max_length=255, blank=True)

    objects = ConversionQuerySet.as_manager()

    class Meta(FileStep.Meta):
        ordering = ["-pk"]
        constraints = [
            *FileStep.Meta.constraints,
            models.UniqueConstraint(name="one_conversion_at_a_time", fields=["upload"], condition=IS_UNFINISHED),
        ]

    def __str__(self) -> str:
        return f"{self.upload}"
