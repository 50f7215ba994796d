"""The figures of an export of events, as they are kept."""

from __future__ import annotations

from exports.models import EventFigures, ExportFile


def forget_values(file: ExportFile) -> None:
    """Forget what stood in the fields of events: that is data of people, and lives as long as their file."""
    kept = EventFigures.objects.filter(file=file).first()
    if kept and kept.found.get("values"):
        EventFigures.objects.filter(pk=kept.pk).update(found=kept.found | {"values": {}})
