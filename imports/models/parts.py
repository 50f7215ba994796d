"""Parts of an import: each a file of its own at the vendor, a run of its own here."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from imports.models.imports import Import
from runs.models import IS_UNFINISHED, RunLine, RunQuerySet, VendorRun


class ImportPart(VendorRun):
    """One file of at most the vendor's size on its way: asked for, uploaded, counted.

    Sent again alone, a part is another row of the same number; `replaced_at` says which one counts no more.
    """

    task = "imports.tasks.advance"
    lane = "imports"

    of = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="parts")
    number = models.PositiveIntegerField()
    row_count = models.PositiveBigIntegerField()
    length = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    replaced_at = models.DateTimeField(null=True)

    import_id = models.CharField(max_length=255, blank=True)
    sealed_slot = models.TextField(blank=True, editable=False)  # where the file goes, with the form's fields
    slot_ends_at = models.DateTimeField(null=True)
    # `sending_at` is the intention to upload; only where the vendor still waits for the file is it sent again.
    sending_at = models.DateTimeField(null=True)
    uploaded_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField(null=True)  # when the vendor last said something new of it
    vendor_state = models.CharField(max_length=20, blank=True)

    # What the vendor counted; None while it has not said.
    created = models.PositiveBigIntegerField(null=True)
    updated = models.PositiveBigIntegerField(null=True)
    unchanged = models.PositiveBigIntegerField(null=True)
    failed = models.PositiveBigIntegerField(null=True)
    faults = models.JSONField(default=list)  # [row of the file, column, the vendor's words] of each rejected row

    objects: RunQuerySet[ImportPart] = RunQuerySet.as_manager()  # type: ignore[assignment]

    class Meta(VendorRun.Meta):
        ordering = ["number", "pk"]
        verbose_name = _("part of an import")
        verbose_name_plural = _("parts of imports")
        indexes = [
            *VendorRun.Meta.indexes,
            models.Index(name="importpart_line", fields=["account", "turn", "id"], condition=IS_UNFINISHED),
        ]
        constraints = [
            *VendorRun.Meta.constraints,
            models.UniqueConstraint(name="one_part_per_number", fields=["of", "number"], condition=Q(replaced_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.of}, part {self.number}"

    @property
    def queue(self) -> str:
        return "files" if self.is_to_upload else "calls"

    @property
    def is_to_upload(self) -> bool:
        """Whether its next step is to send the file: asked for, and not begun, or begun and known not to be there."""
        return bool(self.sealed_slot) and self.sending_at is None and not self.cancel_asked_at

    @classmethod
    def on_files(cls) -> Q:
        return ~Q(sealed_slot="") & Q(sending_at=None, cancel_asked_at=None)

    @classmethod
    def unasked(cls) -> Q:
        return IS_UNFINISHED & Q(asked_at=None, import_id="", cancel_asked_at=None)

    @classmethod
    def at_vendor(cls) -> Q:
        # A question without an answer counts: the vendor may have begun.
        return IS_UNFINISHED & (Q(asked_at__isnull=False) | ~Q(import_id=""))

    @property
    def reference(self) -> str:
        """What to quote to whoever helps."""
        return f"part-{self.pk}-c{self.claim_no}"

    @property
    def may_be_with_vendor(self) -> bool:
        """Whether the file, or some of it, may have reached the vendor."""
        return self.sending_at is not None


class ImportLine(RunLine):
    """One hop of a part."""

    part = models.ForeignKey(ImportPart, on_delete=models.CASCADE, related_name="lines")

    class Meta(RunLine.Meta):
        indexes = [models.Index(fields=["part", "-at"])]
