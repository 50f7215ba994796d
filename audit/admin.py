"""The audit history, to read."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit.models import Event
from audit.sentences import sentence


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    """Read-only for everybody; who may read it says the permission `audit.view_event`."""

    list_display = ("at", "told", "action")
    list_display_links = ("told",)
    list_filter = ("at", "action")
    search_fields = ("actor_name", "target")
    search_help_text = _("Who, or what")
    date_hierarchy = "at"
    show_full_result_count = False  # counting millions of events tells nobody anything
    fields = ("at", "told", "actor_name", "action", "target", "target_key", "facts")

    @admin.display(description=_("what happened"))
    def told(self, event: Event) -> str:
        return sentence(event)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False
