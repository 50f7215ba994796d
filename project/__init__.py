"""Settings, URLs, and what composes the apps."""

from project.celery import app as celery_app

__all__ = ["celery_app"]
