"""Eight processes that record at once, while several seal: one chain, whole, with nothing lost and nothing twice."""

from __future__ import annotations

import os
import subprocess
import sys

from django.utils import timezone

from audit import sealing, verify
from audit.models import Event
from tests.processes.conftest import Desk
from tests.processes.program import ROOT

WRITERS, WRITES, SEALERS = 8, 100, 2
# Every fifth transaction is rolled back, so that numbers are left out and the order of commits is not that of the ids.
WRITER = f"""
import os, sys
import django
django.setup()
from django.db import transaction
from django.utils import timezone
from accounts.models import User
from audit import actions, models, sealing

def write(name):
    anna = User.objects.get(username="anna")
    for number in range({WRITES}):
        with transaction.atomic():
            actions.record("test.chained", by=anna, target=anna, writer=name, number=number)
            if number % 5 == 4:
                actions.record("test.undone", by=anna, target=anna, writer=name, number=number)
                models.Event.objects.filter(action="test.chained").count()
        if number % 5 == 4:
            with transaction.atomic():
                actions.record("test.undone_again", by=anna, target=anna)
                transaction.set_rollback(True)

def seal():
    while os.getppid() != 1 and not os.path.exists(sys.argv[1]):
        sealing.seal(now=timezone.now())

# Forked before anything is connected, as a prefork worker forks.
sealers = [os.fork() or (seal(), os._exit(0)) for _ in range({SEALERS})]
writers = [os.fork() or (write(name), os._exit(0)) for name in range({WRITERS})]
ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in writers]
open(sys.argv[1], "w").close()
ends += [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in sealers]
sys.exit(any(ends))
"""


def test_eight_writers_and_several_sealers_make_one_unbroken_chain(desk: Desk) -> None:
    done = desk.folder / "written"
    done.unlink(missing_ok=True)
    environment = os.environ | {"DATABASE_URL": desk.database}
    command = [sys.executable, "-W", "ignore", "-c", WRITER, str(done)]
    written = subprocess.run(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, timeout=100)
    assert written.returncode == 0, written.stderr
    while Event.objects.unsealed().exists():
        sealing.seal(now=timezone.now())
    assert Event.objects.filter(action="test.chained").count() == WRITERS * WRITES
    numbers = list(Event.objects.order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    checked = verify.Checked()
    assert list(verify.findings(checked, now=timezone.now())) == []
    assert checked.is_whole
    assert checked.lines == len(numbers)
