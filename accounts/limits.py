"""Learnt limits: what an account has accepted and refused, where the vendor prints no figure.

A refusal as too much (413) does not say of what. So a figure counts as refused only where it is larger than any that
was ever accepted; an acceptance takes back a refusal that it disproves.

A *width* is how many of our requests an account takes at a time. It depends on who else uses the account, so it is
learnt anew: one less at a refusal, one more after each hour without any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db.models import Q

from accounts.models import LearntLimit, VendorAccount
from upstream.apsis.limits import CONCURRENT_IMPORTS


def passed(account: VendorAccount, figures: Mapping[str, int]) -> None:
    """Learn that the vendor accepted a request of these figures."""
    for name, figure in figures.items():
        LearntLimit.objects.get_or_create(account=account, name=name)
        lesson = LearntLimit.objects.filter(account=account, name=name)
        lesson.filter(passed__lt=figure).update(passed=figure)
        lesson.filter(refused__lte=figure).update(refused=None)


def refused(account: VendorAccount, figures: Mapping[str, int]) -> None:
    """Learn that the vendor refused a request of these figures as too much."""
    for name, figure in figures.items():
        LearntLimit.objects.get_or_create(account=account, name=name)
        smaller = Q(refused=None) | Q(refused__gt=figure)
        LearntLimit.objects.filter(smaller, account=account, name=name, passed__lt=figure).update(refused=figure)


def learnt(account: VendorAccount) -> tuple[dict[str, int], dict[str, int]]:
    """Return the largest accepted and the smallest refused figures, each by name, where there are any."""
    lessons = list(LearntLimit.objects.filter(account=account))
    return (
        {lesson.name: lesson.passed for lesson in lessons if lesson.passed},
        {lesson.name: lesson.refused for lesson in lessons if lesson.refused is not None},
    )


DOCUMENTED = {"imports": int(CONCURRENT_IMPORTS.value)}  # what the vendor prints; what is learnt is less, never more
QUIET = timedelta(hours=1)  # without a refusal, before one more is tried


def width(account: VendorAccount, name: str, *, now: datetime) -> int | None:
    """Return how many requests of a kind the account takes at a time; None where nobody has said so."""
    found, printed = widths([account], name, now=now).get(account.pk), DOCUMENTED.get(name)
    return printed if found is None else found if printed is None else min(found, printed)


def widths(accounts: Iterable[VendorAccount], name: str, *, now: datetime) -> dict[int, int]:
    """Return the same for several accounts, by their keys, where there is one."""
    lessons = LearntLimit.objects.filter(account__in=accounts, name=name).exclude(refused=None)
    return {
        lesson.account_id: lesson.refused - 1 + max(0, (now - lesson.learnt_at) // QUIET)
        for lesson in lessons
        if lesson.refused is not None and lesson.learnt_at is not None
    }


def crowded(account: VendorAccount, name: str, at_once: int, *, now: datetime) -> None:
    """Learn that the vendor had no room for one more while it had `at_once` of ours. One at a time is always tried."""
    refused = max(at_once, 1) + 1
    LearntLimit.objects.update_or_create(account=account, name=name, defaults={"refused": refused, "learnt_at": now})
