"""The rows of look-ups: of one person there is none, of a list there is one."""

from consents.models.lists import Checklist
from consents.models.lookups import LookUp

__all__ = ["Checklist", "LookUp"]
