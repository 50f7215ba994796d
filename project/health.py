"""Whether the desk lives, and whether it can do its work: for supervisors, load balancers and whoever keeps watch.

Both answers come before everything else: before the host name is looked at, since a load balancer asks by address;
before the redirect to https, since it asks without; before sessions, since these need a database that may be away.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from project import probes
from project.probes import NoAnswer, Probe
from runs import broker, storage

log = logging.getLogger(__name__)


class NotMigrated(Exception):
    """The database is older than the code: `manage.py migrate` has not run yet."""


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    _migrations()


@cache  # what was applied once stays so for as long as this process and its code live; an exception is not kept
def _migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotMigrated


def _storage() -> None:
    storage.probe(default_storage)


# Without these nobody can press Run, or no file can be kept.
NEEDED = {"database": Probe(_database), "storage": Probe(_storage)}
# Without this a run starts later: the tick calls a worker once the broker is back.
HELPFUL = {"broker": Probe(broker.lengths)}


def alive(request: HttpRequest) -> JsonResponse:
    """Answer; nothing else is asked of a process that lives."""
    return _told({"alive": True})


def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the desk can do its work, else 503 with what is missing. Within two seconds, whatever hangs."""
    found = probes.answers({**NEEDED, **HELPFUL})
    words = {name: _word(name, answer) for name, answer in found.items()}
    missing = [name for name in NEEDED if words[name] != "ok"]
    degraded = [name for name in HELPFUL if words[name] != "ok"]
    told = {"ready": not missing, "missing": missing, "degraded": degraded, "checks": words}
    return _told(told, status=503 if missing else 200)


def first(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer the two before any other middleware has a say."""
    own = {"/healthz": alive, "/readyz": ready}

    def middleware(request: HttpRequest) -> HttpResponse:
        view = own.get(request.path_info)
        return view(request) if view else get_response(request)

    return middleware


def _word(name: str, answer: object) -> str:
    """Say in a word how a question was answered; what else an error tells, such as an address, is not for everybody."""
    if not isinstance(answer, Exception):
        return "ok"
    log.warning("not ready", extra={"part": name, "why": type(answer).__name__})
    if isinstance(answer, NoAnswer):
        return "no answer"
    if isinstance(answer, NotMigrated):
        return "not migrated"
    return "cannot be reached" if name != "storage" else "cannot be written"


def _told(words: dict[str, object], *, status: int = 200) -> JsonResponse:
    return JsonResponse(words, status=status, headers={"Cache-Control": "no-store"})
