"""The audit history's page: sentences by day, filtered, searched, a page at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User, VendorAccount
from audit import actions as audit
from audit import sealing, views
from audit.models import Event
from audit.sentences import SENTENCES
from audit.words import ACTIONS, VIEWS
from tests.audit.conftest import URL, words

ROWS = f"{URL}rows/"


def test_auditor_and_admin_read_it_as_sentences_by_day(reader: Client, event: Event, account: VendorAccount) -> None:
    old = timezone.now() - timedelta(days=400)
    audit.record("run.failed", by=None, target=account, now=old)
    page = words(reader.get(URL))
    assert f'<b><bdi>anna</bdi></b> started <a href="{URL}?thing=' in page
    assert "Today, " in page
    assert f"{timezone.localtime(old):%Y}</h2>" in page
    assert "not sealed yet" in page
    sealing.seal(now=timezone.now())
    page = words(reader.get(URL))
    assert "not sealed yet" not in page
    assert "no. 1" in page


def test_times_say_the_zone(as_maria: Client, event: Event) -> None:
    local = timezone.localtime(event.at)
    page = words(as_maria.get(URL))
    assert f'<time datetime="{local.isoformat(timespec="seconds")}"' in page
    assert f"{local:%H:%M:%S} {local.tzname()}" in page


def test_anonymous_and_marketers_stay_out(client: Client, as_jonas: Client, event: Event) -> None:
    for url in (URL, ROWS, f"{URL}{event.pk}/change/"):
        assert client.get(url)["Location"].startswith("/accounts/login/")
        assert as_jonas.get(url, follow=True).status_code == 403


def test_staff_without_the_right_is_told_so_and_it_is_written_down(event: Event, jonas: User) -> None:
    User.objects.filter(pk=jonas.pk).update(is_staff=True)
    client = Client()
    client.force_login(jonas)
    answer = client.get(URL)
    assert answer.status_code == 403
    assert "This is not yours to do." in answer.content.decode()
    told = Event.objects.get(action="access.forbidden")
    assert (told.actor, told.target) == (jonas, URL)


def test_only_reading(as_maria: Client, event: Event) -> None:
    assert as_maria.post(URL, {"action": "delete_selected", "_selected_action": [event.pk]}).status_code == 405
    assert as_maria.post(ROWS).status_code == 405
    assert as_maria.post(f"{URL}add/", {"action": "x"}).status_code == 403
    assert as_maria.post(f"{URL}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Event.objects.filter(action="run.started").count() == 1


@pytest.fixture
def mixture(anna: User, jonas: User, account: VendorAccount) -> None:
    """Six events that differ in everything one can filter by."""
    day = timedelta(days=1)
    now = timezone.now()
    audit.record("run.started", by=anna, target=account, now=now - 40 * day, version=1)
    audit.record("file.downloaded", by=jonas, target=account, now=now - 20 * day, rows=5, purpose="summer mailing")
    audit.record("session.signed_in", by=jonas, target=jonas, now=now - 5 * day)
    audit.record("session.sign_in_failed", by=None, target=anna, now=now - 3 * day)
    audit.record("access.denied", by=jonas, target=account, now=now)
    audit.record("person.password_changed", by=anna, target=anna, now=now)


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ("", "psSsfr"),
        ("view=downloads", "f"),
        ("view=sign-ins", "sS"),
        ("view=security", "pds"),
        ("view=denied", "d"),
        ("action=run.started", "r"),
        ("action=run.started&view=downloads", ""),
        ("action=file.downloaded&view=downloads", "f"),
        ("person=0", "s"),
        ("thing=accounts.vendoraccount", "dfr"),
        ("period=today", "pd"),
        ("period=7", "pdsS"),
        ("period=30", "pdsSf"),
        ("q=mailing", "f"),
        ("q=JONAS", "dSf"),
        ("q=mailing&period=7", ""),
    ],
)
def test_it_can_be_filtered_and_searched(
    as_maria: Client, mixture: None, query: str, actions: str, sealed: bool
) -> None:
    if sealed:
        sealing.seal(now=timezone.now())
    kinds = {
        "run.started": "r",
        "file.downloaded": "f",
        "session.signed_in": "S",
        "session.sign_in_failed": "s",
        "access.denied": "d",
        "person.password_changed": "p",
    }
    context = as_maria.get(f"{URL}?{query}").context
    shown = "".join(kinds[line.event.action] for _day, lines in context["days"] for line in lines)
    assert shown == (actions if query else "pdsSfr")
    assert context["filters"].ignored == []


def test_a_person_and_days_filter_and_each_can_be_taken_off(as_maria: Client, mixture: None, jonas: User) -> None:
    day = (timezone.localtime() - timedelta(days=5)).date().isoformat()
    page = words(as_maria.get(f"{URL}?person={jonas.pk}&from={day}&to={day}&q=jonas"))
    assert page.count('class="told"') == 1
    assert "signed in" in page
    assert f'href="{URL}?person={jonas.pk}&amp;from={day}&amp;to={day}"' in page
    assert page.count("remove filter") == 4
    assert "Clear filters" in page


def test_everything_about_one_thing_is_one_link_away(as_maria: Client, event: Event, anna: User) -> None:
    audit.record("run.started", by=anna, target=anna)
    page = words(as_maria.get(f"{URL}?thing={event.target_key}"))
    assert page.count('class="told"') == 1
    assert f"vendor account {event.target_key.partition(':')[2]}" in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("view=moon", "There is no view called “moon”"),
        ("action=moon.seen", "Nothing is called “moon.seen”"),
        ("person=4711", "a person who is not here"),
        ("person=anna%00%F0%9F%9B%92", "a person who is not here"),
        ("person=99999999999999999999", "a person who is not here"),
        ("thing=moon:1", "a thing that the desk does not have"),
        ("thing=exports.exportrun:x", "a thing that the desk does not have"),
        ("period=century", "There is no period called “century”"),
        ("from=2026-02-31", "“2026-02-31” is not a day"),
        ("to=yesterday", "“yesterday” is not a day"),
        ("from=0001-01-01", "“0001-01-01” is not a day"),
        ("from=2026-06-03&to=2026-06-01", "the other way round"),
        ("q=x", "One letter finds nearly everything"),
        ("before=nonsense", "a page that is not there"),
        ("after=-1", "a page that is not there"),
        ("before=99999999999999999999999", "a page that is not there"),
    ],
)
def test_what_cannot_be_understood_is_left_out_and_said(as_maria: Client, event: Event, query: str, said: str) -> None:
    page = words(as_maria.get(f"{URL}?{query}"))
    assert said in page
    assert as_maria.get(f"{ROWS}?{query}").status_code == 200


@pytest.mark.parametrize(
    "query",
    ["before=0", "before=1", "q=%00%00abc", "q=" + "x" * 500, "q=%25_%25", "from=2999-12-31"],
)
def test_odd_addresses_are_answered(as_maria: Client, event: Event, query: str) -> None:
    assert "There is no page here" in (page := words(as_maria.get(f"{URL}?{query}"))) or "Nothing in the audit" in page


def test_newer_than_the_newest_is_the_newest_page(as_maria: Client, event: Event) -> None:
    for query in ("", "&q=nordlys", "&period=7"):
        assert 'class="told"' in words(as_maria.get(f"{URL}?after=9223372036854775807{query}"))


def test_hostile_names_stay_text(as_maria: Client, anna: User, account: VendorAccount) -> None:
    account.name = "<script>alert(1)</script>%(actor)s"
    anna.first_name = "\u202e<b>&amp;"
    audit.record("file.downloaded", by=anna, target=account, rows=1, purpose="<img src=x>\n%s", form="<i>")
    audit.record("moon.<seen>", by=anna, target=account, **{"<u>": "%(target)s"})
    page = words(as_maria.get(URL))
    for hostile in ("<script>alert", "<b>&amp;", "<img", "<i>", "<u>", "<seen>"):
        assert hostile not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;%(actor)s" in page
    assert "<bdi>\u202e&lt;b&gt;&amp;amp;" in page
    assert "&lt;img src=x&gt; %s" in page


def test_first_use_and_filtered_to_nothing_differ(as_maria: Client, db: None) -> None:
    assert "Nothing has happened yet" in words(as_maria.get(URL))
    page = words(as_maria.get(f"{URL}?q=zebra&view=denied"))
    assert "Nothing in the audit history fits Refused; “zebra”" in page
    assert "Clear filters" in page


def test_pages_go_older_and_newer(
    as_maria: Client, anna: User, account: VendorAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PAGE", 3)
    for number in range(8):
        audit.record("run.started", by=anna, target=account, version=number)

    def versions(context: Any) -> list[int]:
        return [line.event.facts["version"] for _day, lines in context["days"] for line in lines]

    first = as_maria.get(f"{URL}?q=nordlys").context
    assert (versions(first), first["newer"]) == ([7, 6, 5], None)
    second = as_maria.get(first["older"].href).context
    assert versions(second) == [4, 3, 2]
    last = as_maria.get(second["older"].href).context
    assert (versions(last), last["older"]) == ([1, 0], None)
    back = as_maria.get(last["newer"].href).context
    assert versions(back) == [4, 3, 2]
    top = as_maria.get(back["newer"].href).context
    assert (versions(top), top["newer"], top["older"] is None) == ([7, 6, 5], None, False)


def test_the_fragment_is_the_list_alone_and_typing_replaces_the_address(as_maria: Client, event: Event) -> None:
    answer = as_maria.get(f"{ROWS}?q=nordlys&person=", headers={"HX-Request": "true", "HX-Trigger": "search"})
    page = words(answer)
    assert "<html" not in page
    assert 'class="told"' in page
    assert answer["HX-Replace-Url"] == f"{URL}?q=nordlys"
    assert "HX-Replace-Url" not in as_maria.get(ROWS, headers={"HX-Request": "true"})


def test_it_needs_no_more_queries_with_more_events(
    as_maria: Client, anna: User, account: VendorAccount, django_assert_max_num_queries: Any
) -> None:
    def fill(many: int) -> None:
        for number in range(many):
            audit.record("run.started", by=anna, target=account, version=number)
        sealing.seal(now=timezone.now())

    fill(3)
    as_maria.get(URL)
    with django_assert_max_num_queries(20) as few:
        as_maria.get(f"{URL}?q=nordlys&view=security&period=30")
    fill(60)
    with django_assert_max_num_queries(len(few.captured_queries)):
        as_maria.get(f"{URL}?q=nordlys&view=security&period=30")


def test_every_action_has_a_sentence_and_a_name_and_every_view_knows_its_actions() -> None:
    assert set(SENTENCES) == set(ACTIONS)
    for _label, actions in VIEWS.values():
        assert actions
        assert set(actions) <= set(ACTIONS)


def test_the_rail_leads_there_and_says_where_one_is(reader: Client, as_jonas: Client, event: Event) -> None:
    assert f'<a href="{URL}" aria-current="page">' in words(reader.get(URL))
    assert f'href="{URL}"' in words(reader.get("/"))
    assert URL not in words(as_jonas.get("/"))
