"""Checks: every row of an upload looked at, and the parts cut that would go."""

from __future__ import annotations

from typing import Self

from django.db import models

from imports.models.uploads import Upload
from runs.models import IS_UNFINISHED, FileStep, RunQuerySet


class CheckQuerySet(RunQuerySet["Check"]):
    def visible_to(self, user: models.Model) -> Self:
        """What was found in an upload is for its owner alone."""
        return self.filter(owner=user)


class Check(FileStep):
    """One reading of a whole upload under one plan. What is confirmed is what a check has made, byte for byte."""

    task = "imports.tasks.check"

    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, related_name="checks")
    plan = models.JSONField()  # imports.parse.plan.Plan
    digest = models.CharField(max_length=64)  # of the plan and of how the file is read
    findings = models.JSONField(default=dict)  # imports.parse.checking.Findings: figures, and no cell's own text
    parts = models.JSONField(default=list)  # imports.parse.splitting.Part of each
    folder = models.CharField(max_length=120, blank=True)  # where they lie, with the faulty rows beside them

    objects = CheckQuerySet.as_manager()

    class Meta(FileStep.Meta):
        ordering = ["-pk"]
        constraints = [
            *FileStep.Meta.constraints,
            models.UniqueConstraint(
                name="one_unfinished_check_per_plan", fields=["upload", "digest"], condition=IS_UNFINISHED
            ),
        ]

    def __str__(self) -> str:
        return f"{self.upload}"
