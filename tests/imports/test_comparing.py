"""How people stand before their consents are imported: asked of the vendor one by one, counted, and never guessed."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts import clients
from accounts.models import Credential, User
from audit.models import Event
from imports import actions, comparing, consequences, outlook, restoring, tasks
from imports.consequences import AGAINST, NEW, NOTHING, SAME, SUPPRESSED, UNKNOWN, WAITING, Question, fate
from imports.draft import Consent, Draft
from imports.models import Check, Comparison, Import
from runs import shutdown
from runs.models import Status
from sandbox.definitions import EMAIL, SMS
from tests.conftest import Vendor, sign_in
from tests.imports import made
from tests.imports.made import TOPIC, compared, people, rule, table, to_the_end
from upstream.apsis import consents
from upstream.apsis.consents import OPT_IN, OPT_OUT, PENDING, Standing, Suppression


@pytest.fixture(autouse=True)
def _nobody_is_locked(vendor: Vendor) -> None:
    vendor.control("PATCH", "switches", locked_share=0, suppressed_share=0)


@pytest.fixture
def browser(client: Client, anna: User) -> Client:
    return sign_in(client, anna)


# ── The rule ─────────────────────────────────────────────────────────────────────────────────────────────────


TYPES = [None, *consents.TYPES, "maybe"]
EXPECTED = {
    ("opt-in", None): NOTHING, ("opt-in", "opt-in"): SAME, ("opt-in", "confirmed-opt-in"): SAME,
    ("opt-in", "pending-opt-in"): WAITING, ("opt-in", "opt-out"): AGAINST, ("opt-in", "maybe"): UNKNOWN,
    ("opt-out", None): NOTHING, ("opt-out", "opt-in"): AGAINST, ("opt-out", "confirmed-opt-in"): AGAINST,
    ("opt-out", "pending-opt-in"): WAITING, ("opt-out", "opt-out"): SAME, ("opt-out", "maybe"): UNKNOWN,
}  # fmt: skip


@pytest.mark.parametrize(("type", "recorded"), list(product(["opt-in", "opt-out"], TYPES)))
def test_each_type_has_its_fate(type: str, recorded: str | None) -> None:
    listed = () if recorded is None else (consents.Consent("t", EMAIL, recorded),)
    other = consents.Consent("t", SMS, OPT_IN), consents.Consent("u", EMAIL, OPT_OUT)
    assert fate(Question("t", EMAIL, type, "consent"), Standing((*other, *listed))) == EXPECTED[type, recorded]


def test_of_an_answer_read_in_part_what_is_not_listed_is_not_missing() -> None:
    question = Question("t", EMAIL, OPT_IN, "consent")
    assert fate(question, Standing(unread=1)) == UNKNOWN
    assert fate(question, Standing((consents.Consent("t", EMAIL, PENDING),), unread=1)) == WAITING


@pytest.mark.parametrize(
    ("told", "is_so"),
    [(None, False), ((), False), ((Suppression(EMAIL, "a"),), True), ((Suppression(SMS, "1"),), False)],
)
def test_suppression_is_of_the_channel(told: Any, is_so: bool) -> None:
    assert consequences.is_suppressed(Question("t", EMAIL, OPT_IN, "consent"), Standing((), told)) is is_so


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_everybody_is_counted_once(annas_key: Credential) -> None:
    keys = [*people("opt-in", 2), *people("opt-out", 3), *people("", 4), "new.one@example.com"]
    _drawn, found = compared(annas_key, keys)
    assert found.counts == [{SAME: 2, AGAINST: 3, NOTHING: 4, NEW: 1}]
    assert found.status == Status.SUCCEEDED
    assert found.done == 10


def test_only_whose_row_says_so_is_asked_about(annas_key: Credential, vendor: Vendor) -> None:
    keys = people("opt-out", 2)
    text = f"email,news\n{keys[0]},1\n{keys[1]},0\n"
    drawn = made.draft(annas_key, text, consents=(rule(column=1),))
    made_check = made.checked(drawn)
    found = actions.compare(drawn, made_check)
    assert found is not None
    assert to_the_end(found).counts == [{AGAINST: 1}]
    assert vendor.calls()["consents"] == 1


def test_suppressed_addresses_are_counted_besides(annas_key: Credential, vendor: Vendor) -> None:
    vendor.control("PATCH", "switches", suppressed_share=1)
    _drawn, found = compared(annas_key, people("opt-in", 2), rule(), rule(channel=SMS), mobile="46000000001")
    by_mail, by_phone = found.counts
    assert by_mail == {SAME: 2, SUPPRESSED: 2}
    assert by_phone[SUPPRESSED] == 2, "the number stands in the file, and is asked about too"


def test_it_goes_on_in_slices_and_asks_nobody_twice(
    annas_key: Credential, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "SLICE", 3)
    keys = [*people("opt-out", 4), *people("opt-in", 3)]
    drawn = made.draft(annas_key, table(keys), consents=(rule(),))
    found = actions.compare(drawn, made.checked(drawn))
    assert found is not None
    tasks.compare(pk=found.pk)
    found.refresh_from_db()
    assert (found.done, found.status, found.counts) == (3, Status.RUNNING, [{AGAINST: 3}])
    assert to_the_end(found).counts == [{AGAINST: 4, SAME: 3}]
    assert vendor.calls()["consents"] == 7


def test_a_worker_that_stops_loses_nothing(
    annas_key: Credential, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = made.draft(annas_key, table(people("opt-out", 4)), consents=(rule(),))
    found = actions.compare(drawn, made.checked(drawn))
    assert found is not None
    near = iter([False, True])
    monkeypatch.setattr(shutdown, "is_near", lambda: next(near))
    tasks.compare(pk=found.pk)
    found.refresh_from_db()
    assert (found.done, found.counts) == (2, [{AGAINST: 2}])
    monkeypatch.setattr(shutdown, "is_near", lambda: False)
    assert to_the_end(found).counts == [{AGAINST: 4}]
    assert vendor.calls()["consents"] == 4


def test_passing_trouble_is_waited_out_from_where_it_was(annas_key: Credential, vendor: Vendor) -> None:
    drawn = made.draft(annas_key, table(people("opt-out", 4)), consents=(rule(),))
    found = actions.compare(drawn, made.checked(drawn))
    assert found is not None
    vendor.fault("consents", "status", status=429, headers={"Retry-After": "7"}, skip=2, times=20)
    before = timezone.now()
    tasks.compare(pk=found.pk)
    found.refresh_from_db()
    assert (found.done, found.code, found.trouble_count) == (2, "trouble", 1)
    told = outlook.of(found, drawn.consents)
    assert told is not None
    assert (told.state, told.done, told.trouble) == (
        "asking", 2, "APSIS One asks us to slow down. Nothing is lost. We try again after a pause.",
    )  # fmt: skip
    assert found.due_at is not None
    assert found.due_at - before >= timedelta(seconds=7)
    vendor.control("DELETE", "faults")
    Comparison.objects.update(due_at=timezone.now())
    assert to_the_end(found).counts == [{AGAINST: 4}]


def test_lasting_trouble_ends_it_with_its_sentence(annas_key: Credential, vendor: Vendor, browser: Client) -> None:
    vendor.fault("consents", "status", status=403, body={"title": "no"}, times=50)
    drawn, found = compared(annas_key, people("opt-out", 2))
    assert (found.status, found.code) == (Status.FAILED, "not_compared")
    page = browser.get(url(drawn, "confirm")).content.decode()
    assert "Your key may not see consents here." in page
    assert "is not known" in page
    assert browser.post(url(drawn, "confirm")).status_code == 302
    assert Import.objects.get().compared is None, "what is not known is not shown beside the report"


def test_trouble_that_lasts_ends_it_too(annas_key: Credential, vendor: Vendor) -> None:
    vendor.fault("consents", "status", status=503, times=500)
    _drawn, found = compared(annas_key, people("opt-out", 2))
    assert (found.status, found.code, found.done) == (Status.FAILED, "not_compared", 0)


def test_a_refused_key_is_told_to_its_owner(annas_key: Credential, vendor: Vendor) -> None:
    drawn = made.draft(annas_key, table(people("opt-out", 2)), consents=(rule(),))
    found = actions.compare(drawn, made.checked(drawn))
    assert found is not None
    vendor.fault("consents", "status", status=401, times=50)
    assert to_the_end(found).status == Status.FAILED
    annas_key.refresh_from_db()
    assert annas_key.state == Credential.State.REFUSED


@pytest.mark.parametrize("broken", [{"body": {"count": 0}}, {"body": []}])
def test_an_answer_without_consents_is_not_a_no(annas_key: Credential, vendor: Vendor, broken: dict[str, Any]) -> None:
    vendor.fault("consents", "status", status=200, times=50, **broken)
    _drawn, found = compared(annas_key, people("opt-out", 2))
    assert found.counts in ([{UNKNOWN: 2}], [{NOTHING: 2}])
    assert (found.counts == [{NOTHING: 2}]) is (broken == {"body": []}), "an empty list is a list"


def test_who_is_locked_cannot_be_told(annas_key: Credential, vendor: Vendor) -> None:
    vendor.control("PATCH", "switches", locked_share=1)
    _drawn, found = compared(annas_key, people("opt-out", 2))
    assert found.counts == [{UNKNOWN: 2}]


def test_nobody_is_named_in_a_row(annas_key: Credential) -> None:
    keys = people("opt-out", 2)
    _drawn, found = compared(annas_key, keys)
    row = str(Comparison.objects.filter(pk=found.pk).values().get())
    assert not any(key in row for key in keys)


def test_an_erased_key_ends_it(annas_key: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = made.draft(annas_key, table(people("opt-out", 1)), consents=(rule(),))
    found = actions.compare(drawn, made.checked(drawn))
    assert found is not None

    def erased(credential: int) -> None:
        raise clients.KeyErased

    monkeypatch.setattr(clients, "client_for", erased)
    assert to_the_end(found).code == "key_erased"


# ── When it is asked ─────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_asked_once_an_hour_and_at_a_press(annas_key: Credential) -> None:
    drawn, found = compared(annas_key, people("opt-out", 1))
    check = found.of
    assert actions.compare(drawn, check) == found
    later = timezone.now() + actions.COMPARISON_LASTS
    assert actions.compare(drawn, check, now=later) != found
    actions.compare_again(drawn, check)
    actions.compare_again(drawn, check)
    assert Comparison.objects.count() == 2, "one is under way"


def test_other_consents_are_asked_about_anew_and_the_tick_alone_is_not(annas_key: Credential) -> None:
    drawn, found = compared(annas_key, people("opt-out", 1))
    actions.give(drawn.upload, [rule(resubscribe=True)])
    assert actions.compare(Draft(drawn.upload, drawn.library), found.of) == found
    actions.give(drawn.upload, [rule(channel=SMS)])
    other = actions.compare(Draft(drawn.upload, drawn.library), found.of)
    assert other not in (None, found)


def test_one_that_nobody_waits_for_any_more_is_stopped(annas_key: Credential) -> None:
    drawn = made.draft(annas_key, table(people("opt-out", 1)), consents=(rule(),))
    check = made.checked(drawn)
    first = actions.compare(drawn, check)
    assert first is not None
    actions.give(drawn.upload, [rule(channel=SMS)])
    actions.compare(Draft(drawn.upload, drawn.library), check)
    assert to_the_end(first).status == Status.CANCELLED


def test_without_consents_or_with_too_many_rows_nobody_is_asked(annas_key: Credential, settings: Any) -> None:
    drawn = made.draft(annas_key, table(people("opt-out", 2)))
    assert actions.compare(drawn, made.checked(drawn)) is None
    settings.IMPORT_COMPARED_ROWS = 1
    drawn = made.draft(annas_key, table(people("opt-out", 2)), consents=(rule(),))
    assert actions.compare(drawn, made.checked(drawn)) is None


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────


def url(drawn: Draft, step: str) -> str:
    return reverse(f"imports:upload_{step}", args=[drawn.upload.pk])


def test_the_page_asks_shows_and_says_how_old_it_is(browser: Client, annas_key: Credential) -> None:
    drawn = made.draft(annas_key, table([*people("opt-out", 2), *people("opt-in", 1)]), consents=(rule(),))
    made.checked(drawn)
    page = browser.get(url(drawn, "confirm"))
    assert "0 of 3" in page.content.decode()
    found = Comparison.objects.get()
    live = reverse("imports:upload_confirm_live", args=[drawn.upload.pk])
    assert browser.get(live, {"shown": f"{found.pk}-{found.version}"}).status_code == 204
    to_the_end(found)
    part = browser.get(live, {"shown": f"{found.pk}-0"}).content.decode()
    assert "have opted out, and stay so" in part
    assert 'id="confirm-says" hx-swap-oob="true"' in part
    assert '<button class="btn btn-1"' not in part, "a button that may be pressed is not exchanged"
    page = browser.get(url(drawn, "confirm"))
    shown = " ".join(page.content.decode().split())
    assert "(not to the 2 who have opted out of it)" in shown
    assert "have opted out, and stay so" in shown
    assert "has it already" in shown
    assert "asked of APSIS" in shown


def test_a_page_left_open_while_the_consents_changed_is_answered(browser: Client, annas_key: Credential) -> None:
    drawn, _found = compared(annas_key, people("opt-out", 1))
    actions.give(drawn.upload, [rule(), rule(channel=SMS)])
    answer = browser.get(reverse("imports:upload_confirm_live", args=[drawn.upload.pk]))
    assert answer.status_code == 200
    assert "is not known" in answer.content.decode()


def test_nobody_who_opted_out_is_subscribed_again_before_their_number_is_known(
    browser: Client, annas_key: Credential
) -> None:
    drawn = made.draft(annas_key, table(people("opt-out", 2)), consents=(rule(resubscribe=True),))
    made.checked(drawn)
    assert "disabled" in browser.get(url(drawn, "confirm")).content.decode()
    assert browser.post(url(drawn, "confirm")).url == url(drawn, "confirm")
    assert not Import.objects.exists()
    found = to_the_end(Comparison.objects.get())
    live = reverse("imports:upload_confirm_live", args=[drawn.upload.pk])
    part = browser.get(live, {"shown": f"{found.pk}-0"}).content.decode()
    assert 'id="confirm-send" hx-swap-oob="true"' in part
    assert "disabled" not in part
    page = " ".join(browser.get(url(drawn, "confirm")).content.decode().split())
    assert "(also to the 2 who have opted out of it)" in page
    assert "have opted out, and are subscribed again" in page
    browser.post(url(drawn, "confirm"))
    assert Import.objects.get().compared == Comparison.objects.get()


def test_without_a_number_the_page_says_how_many_it_can_be(
    browser: Client, annas_key: Credential, settings: Any
) -> None:
    settings.IMPORT_COMPARED_ROWS = 1
    drawn = made.draft(annas_key, table(people("opt-out", 2)), consents=(rule(resubscribe=True),))
    made.checked(drawn)
    page = " ".join(browser.get(url(drawn, "confirm")).content.decode().split())
    assert "are subscribed again: up to 2. How many exactly is not known." in page


def test_asking_again_is_a_press(browser: Client, annas_key: Credential) -> None:
    drawn, found = compared(annas_key, people("opt-out", 1))
    assert browser.post(reverse("imports:upload_compare", args=[drawn.upload.pk])).url == url(drawn, "confirm")
    assert Comparison.objects.exclude(pk=found.pk).get().status == Status.QUEUED


def test_in_swedish(annas_key: Credential) -> None:
    _drawn, found = compared(annas_key, people("opt-out", 2))
    with translation.override("sv"):
        told = outlook.of(found, [rule()])
        assert told is not None
        (_title, lines), *_rest = told.consents
        assert lines[0].words == "har avanmält sig, och förblir det"


# ── The restore file ─────────────────────────────────────────────────────────────────────────────────────────


def confirmed(key: Credential, keys: list[str], *rules: Consent) -> Import:
    drawn, found = compared(key, keys, *rules)
    return actions.confirm(drawn, Check.objects.get(pk=found.of_id), by=key.owner)


def restore(browser: Client, whole: Import) -> list[dict[str, str]]:
    answer = browser.get(reverse("imports:import_restore", args=[whole.pk]))
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def test_it_holds_whose_word_is_turned_round_and_nobody_else(browser: Client, annas_key: Credential) -> None:
    out = people("opt-out", 2)
    keys = [*out, *people("opt-in", 2), *people("", 2), "new.one@example.com"]
    whole = confirmed(annas_key, keys, rule(resubscribe=True))
    column = f"{TOPIC.name} by Email: opt-out"
    assert restore(browser, whole) == [{"email": key, column: "1"} for key in out]
    page = browser.get(whole.get_absolute_url()).content.decode()
    assert "This import turned 2 consents round." in page
    event = Event.objects.get(action="import.restore_downloaded")
    assert event.facts["rows"] == 2


def test_of_an_opt_out_it_holds_who_had_consented(browser: Client, annas_key: Credential) -> None:
    inside = people("opt-in", 2)
    whole = confirmed(annas_key, [*inside, *people("opt-out", 1)], rule(type="opt-out"))
    assert [row["email"] for row in restore(browser, whole)] == inside


def test_where_nothing_is_turned_round_there_is_none(browser: Client, annas_key: Credential) -> None:
    whole = confirmed(annas_key, people("opt-out", 2), rule())
    assert restoring.people(whole) == 0
    assert browser.get(reverse("imports:import_restore", args=[whole.pk])).status_code == 404
    assert "Restore file" not in browser.get(whole.get_absolute_url()).content.decode()


def test_it_goes_with_the_other_files(browser: Client, annas_key: Credential) -> None:
    whole = confirmed(annas_key, people("opt-out", 2), rule(resubscribe=True))
    assert whole.compared is not None
    assert all(default_storage.exists(name) for name in whole.compared.slices)
    Import.objects.update(gone_at=timezone.now())
    assert browser.get(reverse("imports:import_restore", args=[whole.pk])).status_code == 404
    assert "was removed with the other files" in browser.get(whole.get_absolute_url()).content.decode()


def test_it_goes_straight_back_in(browser: Client, annas_key: Credential) -> None:
    out = people("opt-out", 2)
    rows = restore(browser, confirmed(annas_key, out, rule(resubscribe=True)))
    text = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows), ""])
    drawn = made.draft(annas_key, text, consents=(rule(type="opt-out", column=1),))
    assert made.checked(drawn).parts[0]["rows"] == 2
    assert drawn.key_column is not None
    assert drawn.key_column.title == "email"
