"""What a letter says: what became of which run, and where its page is. Never what is in a file, nor how many are."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import languages, links
from exports import sentences
from exports.models import ExportRun, Letter
from runs.models import Status
from wording.amounts import count
from wording.names import isolated

SHOWN = 20  # runs named in one letter; the list of runs has them all

# What needs somebody comes first.
ORDER = (Status.FAILED, Status.CANCELLED, Status.SUCCEEDED)


def mail(letter: Letter) -> EmailMessage:
    """Return a letter as a mail, in the language and the time zone of whom it is for."""
    person = letter.person
    with languages.of(person), timezone.override(ZoneInfo(person.time_zone)):
        runs = list(ExportRun.objects.filter(pk__in=letter.runs).listed())
        runs.sort(key=lambda run: (ORDER.index(Status(run.status)), -run.pk))
        context = {
            "lines": [_line(run) for run in runs[:SHOWN]],
            "left": len(runs) - SHOWN,
            "count": len(runs),
            "runs_url": links.absolute(reverse("exports:run_list")),
            "account_url": links.absolute(reverse("own_account")),
        }
        # Newlines of a name would end the header.
        subject = " ".join(f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}{_subject(runs)}".split())
        return EmailMessage(
            subject,
            render_to_string("exports/letter.txt", context),
            to=[person.email],
            headers={
                # At every try the same, so that a copy which a mail server holds already can be told.
                "Message-ID": f"<{letter.uuid}@{links.host().partition(':')[0]}>",
                "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office note shall answer it
            },
        )


def _subject(runs: list[ExportRun]) -> str:
    if len(runs) == 1:
        run = runs[0]
        says = {
            Status.SUCCEEDED: _("“%(name)s” is ready"),
            Status.FAILED: _("“%(name)s” failed"),
            Status.CANCELLED: _("“%(name)s” was cancelled"),
        }[Status(run.status)]
        return says % {"name": _name(run)}
    counted = {status: sum(run.status == status for run in runs) for status in ORDER}
    failed, cancelled, ready = counted[Status.FAILED], counted[Status.CANCELLED], counted[Status.SUCCEEDED]
    parts = {
        Status.FAILED: ngettext("%(n)s failed", "%(n)s failed", failed),
        Status.CANCELLED: ngettext("%(n)s cancelled", "%(n)s cancelled", cancelled),
        Status.SUCCEEDED: ngettext("%(n)s ready", "%(n)s ready", ready),
    }
    told = ", ".join(parts[status] % {"n": count(n)} for status, n in counted.items() if n)
    over = ngettext("%(n)s run is over", "%(n)s runs are over", len(runs)) % {"n": count(len(runs))}
    return f"{over}: {told}"


def _line(run: ExportRun) -> dict[str, Any]:
    file = run.file
    is_kept = file is not None and file.is_kept(timezone.now())
    return {
        "name": _name(run),
        "number": run.pk,
        "status": run.status,
        "at": sentences.clock(run.finished_at),
        "until": sentences.clock(file.expires_at) if file and is_kept else "",
        "url": links.absolute(run.get_absolute_url()),
    }


def _name(run: ExportRun) -> str:
    return isolated(" ".join(run.segment.name.split()))
