"""What is done with a file once it is there, when somebody first asks: forms made, columns counted, people indexed."""

from __future__ import annotations

import uuid
from typing import Self, TypeVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from exports.models.files import ExportFile
from exports.models.runs import ExportRun
from runs.models import FileStep, RunQuerySet, Status

R = TypeVar("R", bound=FileStep)


class FileStepQuerySet(RunQuerySet[R]):
    """What is for whoever may see the run that the file is of."""

    def visible_to(self, user: models.Model) -> Self:
        """What was made of a file, or counted in it, is for whoever may have the file."""
        return self.filter(of__run__in=ExportRun.objects.visible_to(user))

    def wanted(self) -> Self:
        """Those that are there or on their way: one that failed may be asked for again."""
        return self.exclude(status__in=(Status.FAILED, Status.CANCELLED))


class DerivedFileQuerySet(FileStepQuerySet["DerivedFile"]):
    pass


class DerivedFile(FileStep):
    """A form of a file, made from it once, when somebody first asked for it. It goes when its original goes.

    One of them is not made but fetched beside it, where the saved segment says so: the vendor's own workbook.
    """

    class Form(models.TextChoices):
        WORKBOOK = "workbook", _("Excel workbook")
        EXCEL_CSV = "excel-csv", _("CSV for Excel")
        CSV = "csv", _("CSV")  # of some rows: of all it would be the original
        READABLE = "readable", _("Readable workbook")  # these five are of events
        EVENTS_CSV = "events-csv", _("Events as CSV")
        PEOPLE_CSV = "people-csv", _("People as CSV")
        EVENTS_EXCEL = "events-excel", _("Events as CSV for Excel")
        PEOPLE_EXCEL = "people-excel", _("People as CSV for Excel")
        APSIS_EXCEL = "apsis-xlsx", _("APSIS’s own Excel file")  # fetched, not made (exports/apsis_excel.py)

    task = "exports.tasks.derive"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    of = models.ForeignKey(ExportFile, on_delete=models.PROTECT, related_name="derived")
    form = models.CharField(max_length=12, choices=Form)
    choice = models.JSONField(default=dict)  # of rows: exports.selection.Contactable, or empty for all
    choice_digest = models.CharField(max_length=64)
    storage_name = models.CharField(max_length=120, blank=True)
    length = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    row_count = models.PositiveBigIntegerField(default=0)
    remarks = models.JSONField(default=dict)  # what the page must say of it: cells cut or guarded, sheets

    objects = DerivedFileQuerySet.as_manager()

    class Meta(FileStep.Meta):
        ordering = ["pk"]
        constraints = [
            *FileStep.Meta.constraints,
            models.UniqueConstraint(
                name="each_form_is_made_once",
                fields=["of", "form", "choice_digest"],
                condition=~Q(status__in=(Status.FAILED, Status.CANCELLED)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_form_display()} of {self.of.run}"


class SurveyQuerySet(FileStepQuerySet["Survey"]):
    pass


class Survey(FileStep):
    """What stands in each column of a file, in figures: counted once, when first asked for. It outlives the file."""

    task = "exports.tasks.survey"

    of = models.ForeignKey(ExportFile, on_delete=models.PROTECT, related_name="surveys")
    columns = models.JSONField(default=list)  # exports.survey.Figures of each, in the file's order

    objects = SurveyQuerySet.as_manager()

    class Meta(FileStep.Meta):
        ordering = ["pk"]
        constraints = [
            *FileStep.Meta.constraints,
            models.UniqueConstraint(
                name="each_file_is_surveyed_once",
                fields=["of"],
                condition=~Q(status__in=(Status.FAILED, Status.CANCELLED)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.of.run}"


class IndexingQuerySet(FileStepQuerySet["Indexing"]):
    pass


class Indexing(FileStep):
    """The people of a file entered into the index (people/models.py): once, when somebody first downloads it.

    Its owner is whoever did. It says what became of it; the index has a row of its own, which goes before this does.
    """

    task = "exports.tasks.index"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    of = models.ForeignKey(ExportFile, on_delete=models.PROTECT, related_name="indexings")

    objects = IndexingQuerySet.as_manager()

    class Meta(FileStep.Meta):
        default_permissions = ()
        ordering = ["pk"]
        constraints = [
            *FileStep.Meta.constraints,
            models.UniqueConstraint(
                name="each_file_is_indexed_once",
                fields=["of"],
                condition=~Q(status__in=(Status.FAILED, Status.CANCELLED)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.of.run}"
