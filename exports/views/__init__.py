"""One module a subject: saved segments, their editor, runs."""

from exports.views.editor import segment_draft, segment_edit, segment_new, segment_options
from exports.views.runs import run_cancel, run_create, run_detail, run_download, run_list, run_live
from exports.views.segments import (
    segment_duplicate,
    segment_history,
    segment_list,
    segment_restore,
    segment_rows,
)

__all__ = [
    "run_cancel",
    "run_create",
    "run_detail",
    "run_download",
    "run_list",
    "run_live",
    "segment_draft",
    "segment_duplicate",
    "segment_edit",
    "segment_history",
    "segment_list",
    "segment_new",
    "segment_options",
    "segment_restore",
    "segment_rows",
]
