"""What the rail shows on every page."""

from functools import cache

from django.http import HttpRequest

from exports.models import ExportRun, SavedSegment


def rail(request: HttpRequest) -> dict[str, object]:
    """Return the rail's counts, counted only if a page shows them, and then once."""
    # A page that says no may be drawn before anybody knows who asks.
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {
        "rail": {
            "segments": cache(SavedSegment.objects.visible_to(user).count),
            "runs": cache(ExportRun.objects.owned_by(user).unfinished().count),
        }
    }
