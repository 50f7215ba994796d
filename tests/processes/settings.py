"""The desk's own settings, on a disk that hangs when a test says so."""

from project.settings import *  # noqa: F403
from project.settings import STORAGES

STORAGES["default"]["BACKEND"] = "tests.processes.disk.HangingFolder"
