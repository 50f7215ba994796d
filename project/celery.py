"""Celery: a way to be called, nothing more. What must happen stands in the run's row.

Two queues. `calls` takes the short steps (one vendor call each) on threads; `files` the long ones (fetch, verify) on
processes of their own, so that two big downloads never stop the polls.
"""

import os

from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

from django.conf import settings
from django.db import connections

from runs import shutdown

app = Celery("desk")
app.conf.update(
    broker_url=settings.BROKER_URL,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,  # the row is the result
    task_store_errors_even_if_ignored=False,
    task_default_queue="calls",
    # Acknowledged early: a message is only a nudge. What a killed worker held is found again by its lease, and an
    # acknowledgement that is late would start a second copy of a long step after the broker's own timeout.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    # A broker that is down must not hold a page or a step: fail within two seconds, the tick makes it good.
    broker_connection_timeout=2,
    broker_transport_options={
        "socket_timeout": 2,
        "socket_connect_timeout": 2,
        "retry_on_timeout": False,
        "max_retries": 1,
        "interval_start": 0,
        "interval_max": 0.1,
    },
    task_publish_retry=False,
    # Workers and beat outlive the broker: they ask again for ever.
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # Touches nothing: only tasks that are acknowledged late would be cancelled, and ours never are. But without it,
    # Celery explains its default at length, past every filter of warnings, whenever the broker is lost.
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    beat_schedule={
        # An old tick is worth nothing once the next one is due.
        "tick": {
            "task": "runs.tasks.tick",
            "schedule": settings.RUN_TICK,
            "options": {"queue": "calls", "expires": max(settings.RUN_TICK, 1.0)},
        },
        "sweep": {
            "task": "exports.tasks.sweep",
            "schedule": settings.FILE_SWEEP,
            "options": {"queue": "calls", "expires": max(settings.FILE_SWEEP, 1.0)},
        },
        "sweep imports": {
            "task": "imports.tasks.sweep",
            "schedule": settings.FILE_SWEEP,
            "options": {"queue": "calls", "expires": max(settings.FILE_SWEEP, 1.0)},
        },
        "sweep lists": {
            "task": "consents.tasks.sweep",
            "schedule": settings.FILE_SWEEP,
            "options": {"queue": "calls", "expires": max(settings.FILE_SWEEP, 1.0)},
        },
        "sessions": {
            "task": "accounts.tasks.forget_sessions",
            "schedule": settings.SESSION_FORGET,
            "options": {"queue": "calls", "expires": settings.SESSION_FORGET},
        },
        "tell": {
            "task": "exports.tasks.tell",
            "schedule": settings.NOTICE_TICK,
            "options": {"queue": "calls", "expires": max(settings.NOTICE_TICK, 1.0)},
        },
        "seal": {
            "task": "audit.tasks.seal",
            "schedule": settings.AUDIT_TICK,
            "options": {"queue": "calls", "expires": max(settings.AUDIT_TICK, 1.0)},
        },
    },
    beat_scheduler="project.beat:ForgetfulScheduler",
    timezone="UTC",
)
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**kwargs: object) -> None:
    """Leave logging to Django's settings: a receiver, even an empty one, stops Celery's own set-up."""


@worker_shutting_down.connect
def tell_long_steps(**kwargs: object) -> None:
    """Let the processes that were forked know what only their worker is told."""
    shutdown.ask()


@worker_process_init.connect
def use_one_connection(**kwargs: object) -> None:
    """Keep no pool in a process that was forked to take one step at a time.

    The pool that it was born with has no threads, and would wait for ever; and Celery closes whatever pool such a
    process has before and after each step, under the feet of the thread that says that the process lives.
    """
    for database in connections.settings.values():
        database.get("OPTIONS", {}).pop("pool", None)
