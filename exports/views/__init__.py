"""One module a subject: saved segments, their editor, runs, their files."""

from exports.views.columns import run_columns, run_survey, run_survey_live
from exports.views.downloads import derived_download, derived_take, run_download, run_take
from exports.views.drift import drift_again, drift_create, drift_detail, drift_download, drift_live, drift_take
from exports.views.editor import segment_draft, segment_edit, segment_new, segment_options
from exports.views.files import derived_create, run_files, run_remove
from exports.views.looking import run_look
from exports.views.runs import run_cancel, run_create, run_detail, run_list, run_live, run_rows
from exports.views.segments import (
    segment_duplicate,
    segment_history,
    segment_list,
    segment_restore,
    segment_rows,
)
from exports.views.sharing import run_share

__all__ = [
    "derived_create",
    "derived_download",
    "derived_take",
    "drift_again",
    "drift_create",
    "drift_detail",
    "drift_download",
    "drift_live",
    "drift_take",
    "run_cancel",
    "run_columns",
    "run_create",
    "run_detail",
    "run_download",
    "run_files",
    "run_list",
    "run_live",
    "run_look",
    "run_remove",
    "run_rows",
    "run_share",
    "run_survey",
    "run_survey_live",
    "run_take",
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
