"""One module a subject: one person, a list of them."""

from consents.views.lists import (
    list_cancel,
    list_detail,
    list_index,
    list_live,
    list_new,
    list_remove,
    list_workbook,
)
from consents.views.people import consent_change, look_up, recent_forget

__all__ = [
    "consent_change",
    "list_cancel",
    "list_detail",
    "list_index",
    "list_live",
    "list_new",
    "list_remove",
    "list_workbook",
    "look_up",
    "recent_forget",
]
