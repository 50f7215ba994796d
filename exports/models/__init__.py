"""Saved segments, the runs of them, the files that runs bring home, and what becomes of these."""

from exports.models.downloads import Download, Grant
from exports.models.drift import Drift, DriftQuerySet
from exports.models.events import EventFigures, EventWindow
from exports.models.files import ExportFile
from exports.models.letters import Letter
from exports.models.runs import ExportLine, ExportRun, ExportRunQuerySet, RunShare
from exports.models.segments import SavedSegment, SavedSegmentQuerySet, SegmentVersion
from exports.models.steps import DerivedFile, DerivedFileQuerySet, Indexing, IndexingQuerySet, Survey, SurveyQuerySet

__all__ = [
    "DerivedFile",
    "DerivedFileQuerySet",
    "Download",
    "Drift",
    "DriftQuerySet",
    "EventFigures",
    "EventWindow",
    "ExportFile",
    "ExportLine",
    "ExportRun",
    "ExportRunQuerySet",
    "Grant",
    "Indexing",
    "IndexingQuerySet",
    "Letter",
    "RunShare",
    "SavedSegment",
    "SavedSegmentQuerySet",
    "SegmentVersion",
    "Survey",
    "SurveyQuerySet",
]
