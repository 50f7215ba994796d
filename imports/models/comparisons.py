"""Comparisons: how the people of an import stand today to the consents that it would give or take."""

from __future__ import annotations

from django.db import models

from imports.models.checks import Check
from runs.models import IS_UNFINISHED, FileStep, RunQuerySet


class Source(models.TextChoices):
    """What it is found out from."""

    ASKED = "asked"  # the vendor is asked about every person, one after another
    EXPORT = "export"  # of too many, the newest export of their owner's tells who has consented


class Comparison(FileStep):
    """How the people of a checked upload stand to its consents.

    Asking goes on in slices: `done` rows are asked about, and each of `slices` names a file with those who stand
    against what the import says. Nobody's key is in this row.
    """

    task = "imports.tasks.compare"

    of = models.ForeignKey(Check, on_delete=models.PROTECT, related_name="comparisons")
    questions = models.JSONField()  # imports.consequences.Question of each consent
    digest = models.CharField(max_length=64)  # of these
    source = models.CharField(max_length=6, choices=Source, default=Source.ASKED)
    done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=list)  # people by fate, for each question
    slices = models.JSONField(default=list)
    trouble_count = models.PositiveSmallIntegerField(default=0)  # passing troubles in a row

    objects: RunQuerySet[Comparison] = RunQuerySet.as_manager()  # type: ignore[assignment]

    class Meta(FileStep.Meta):
        ordering = ["-pk"]
        constraints = [
            *FileStep.Meta.constraints,
            models.UniqueConstraint(
                name="one_unfinished_comparison_per_check", fields=["of", "digest"], condition=IS_UNFINISHED
            ),
        ]

    def __str__(self) -> str:
        return f"{self.of}"
