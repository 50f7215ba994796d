"""Uploads on their way through the wizard, checks and comparisons of them, imports, and the parts that go out."""

from imports.models.checks import Check
from imports.models.comparisons import Comparison, Source
from imports.models.conversions import Conversion
from imports.models.imports import Import
from imports.models.parts import ImportLine, ImportPart
from imports.models.uploads import Upload

__all__ = ["Check", "Comparison", "Conversion", "Import", "ImportLine", "ImportPart", "Source", "Upload"]
