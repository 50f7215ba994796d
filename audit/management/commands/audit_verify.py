"""Check the whole audit history: what was edited, deleted, moved, cut off, or waits for its seal."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import verify


class Command(BaseCommand):
    help = "Names every line of the audit history that is not as it was sealed. Ends with 1 if there is one."

    def handle(self, *args: Any, **options: Any) -> None:
        checked = verify.Checked()
        for finding in verify.findings(checked, now=timezone.now()):
            self.stdout.write(finding)
        if not checked.is_whole:
            self.stderr.write(_("%(n)s lines were checked. The audit history is not whole.") % {"n": checked.lines})
            sys.exit(1)
        self.stdout.write(_("%(n)s lines were checked. The audit history is whole.") % {"n": checked.lines})
