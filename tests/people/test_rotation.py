"""rotate_index: which keys are still needed, and what is lost with one that was not to go yet."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from audit import actions as audit
from people import addresses, pseudonyms
from people.models import FileIndex
from tests.people import files

OLD, NEW = "an old key of thirty-two letters", "a new key of thirty-two letters!"
MAJA = addresses.read("maja@example.com")


def rotate() -> str:
    out = StringIO()
    call_command("rotate_index", stdout=out)
    return out.getvalue()


@pytest.fixture
def looked_up(anna: User, settings: Any) -> Any:
    """Two events under the old key, the last one 360 days ago; then the new key came."""
    settings.INDEX_KEYS = [OLD]
    for days in (400, 360):
        subjects = [pseudonyms.newest(MAJA)]
        audit.record("run.started", by=anna, target=anna, now=timezone.now() - timedelta(days=days), subjects=subjects)
    audit.record("run.started", by=anna, target=anna)
    settings.INDEX_KEYS = [NEW, OLD]
    return settings


def test_an_old_key_is_kept_until_nobody_may_ask_any_more(looked_up: Any) -> None:
    old = list(pseudonyms.keys())[1]
    last = timezone.now() - timedelta(days=360)
    said = rotate()
    assert "the newest: 0 events hang on it. New hashes are made with it." in said
    assert f"Key {old}: 2 events hang on it, the last of {last:%Y-%m-%d}" in said
    assert f"until {last + timedelta(days=365):%Y-%m-%d}. Keep it." in said
    looked_up.AUDIT_PERSON_DAYS = 300
    assert f"until {last + timedelta(days=300):%Y-%m-%d}. It may be taken out." in rotate()


def test_a_key_that_went_too_early_is_named_and_one_that_went_in_time_is_not(looked_up: Any) -> None:
    old = list(pseudonyms.keys())[1]
    looked_up.INDEX_KEYS = [NEW]
    with pytest.raises(CommandError, match=f"Taken out too early: {old}. Put it back"):
        rotate()
    looked_up.AUDIT_PERSON_DAYS = 300
    assert f"Key {old}, gone as it may be: 2 events" in rotate()


def test_a_key_is_kept_while_an_index_of_a_file_hangs_on_it(looked_up: Any) -> None:
    looked_up.AUDIT_PERSON_DAYS = 300
    looked_up.INDEX_KEYS = [OLD]
    row = files.keep({("email", "maja@example.com"): 1})
    looked_up.INDEX_KEYS = [NEW, OLD]
    assert f"so do 1 indexes of files, kept until {row.expires_at:%Y-%m-%d}. Keep it." in rotate()
    looked_up.INDEX_KEYS = [NEW]
    with pytest.raises(CommandError, match=f"Taken out too early: {row.key_id}. Put it back"):
        rotate()
    FileIndex.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert f"Key {row.key_id}, gone as it may be: 2 events" in rotate()


def test_a_history_about_nobody_needs_the_newest_key_alone(db: None, settings: Any) -> None:
    settings.INDEX_KEYS = [NEW, OLD]
    assert rotate().splitlines()[1].endswith(": 0 events hang on it. It may be taken out.")


def test_a_new_key_stands_before_the_present_ones(settings: Any) -> None:
    settings.INDEX_KEYS = [OLD]
    out = StringIO()
    call_command("make_keys", "index", stdout=out)
    name, _, value = out.getvalue().strip().partition("=")
    new, old = value.split(",")
    assert (name, old) == ("INDEX_KEYS", OLD)
    assert len(new) >= 48
    settings.INDEX_KEYS = [new, old]
    assert len(pseudonyms.every(MAJA)) == 2
