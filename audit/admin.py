"""The audit history in the admin site: pages of the product, where Django would have a table."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from audit import views
from audit.models import Event


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    """Read-only for everybody; who may read it says the permission `audit.view_event`."""

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("rows/", self.admin_site.admin_view(self._allowed(views.event_rows)), name="audit_event_rows"),
            path("export/", self.admin_site.admin_view(self._allowed(views.event_export)), name="audit_event_export"),
        ]
        return own + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """List the events, as the product lists things."""
        return self._allowed(views.event_list)(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one event. There is nothing to change about it."""
        return self._allowed(views.event_detail)(request, object_id)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the event: it has no history, it is history."""
        return self._allowed(views.event_moved)(request, object_id)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def _allowed(self, view: Any) -> Any:
        def allowed(request: HttpRequest, *args: Any) -> HttpResponse:
            if not self.has_view_permission(request):
                raise PermissionDenied
            return view(request, *args)

        return allowed
