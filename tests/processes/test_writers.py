"""Six processes that write at once."""

from __future__ import annotations

import os
import subprocess
import sys

from audit.models import Event
from tests.processes.conftest import Desk
from tests.processes.program import ROOT

WRITERS, WRITES = 6, 100
# Read, then write, in one transaction: what SQLite refuses to those who come second, unless it is told to wait.
WRITER = f"""
import os, sys
import django
django.setup()
from django.db import transaction
from accounts.models import User
from audit import actions, models

def write():
    anna = User.objects.get(username="anna")
    for number in range({WRITES}):
        with transaction.atomic():
            models.Event.objects.filter(action="test.written").count()
            actions.record("test.written", by=anna, target=anna, number=number)

# Forked before anything is connected, as a prefork worker forks.
children = [os.fork() or (write(), os._exit(0)) for _ in range({WRITERS})]
sys.exit(any([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]))
"""


def test_six_processes_writing_at_once_lose_nothing(desk: Desk) -> None:
    environment = os.environ | {"DATABASE_URL": desk.database}
    command = [sys.executable, "-W", "ignore", "-c", WRITER]
    written = subprocess.run(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, timeout=60)
    assert written.returncode == 0, written.stderr
    assert Event.objects.filter(action="test.written").count() == WRITERS * WRITES
