"""Uploads on their way through the wizard, checks of them, imports, and the parts that go to the vendor."""

from imports.models.checks import Check
from imports.models.conversions import Conversion
from imports.models.imports import Import
from imports.models.parts import ImportLine, ImportPart
from imports.models.uploads import Upload

__all__ = ["Check", "Conversion", "Import", "ImportLine", "ImportPart", "Upload"]
