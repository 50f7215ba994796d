"""Every sentence of the seed S0, the consent export of APSIS One, as the desk lives by it (docs/seeds/S0.md)."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from accounts import vault
from accounts.actions import save_credential
from accounts.definitions import Library
from accounts.models import User, VendorAccount
from exports import actions, attempts, draft, figures, files, preflight, reach
from exports.draft import Choices
from exports.models import ExportRun
from exports.preflight import Reach
from exports.spec import EMAIL, SMS, Choice, ColumnChoice, ConsentSpec, TopicChoice
from runs.waits import poll_pause
from tests.conftest import Vendor
from tests.exports.clockwork import Turner, assert_failed, codes, said, stored
from tests.seeds.conftest import Brought, Ear, People, Wishes, opened, read
from upstream.errors import BrokenAnswer

Bring = Callable[[ConsentSpec], Brought]
RunOf = Callable[[ConsentSpec], ExportRun]

REPORTS = "/audience/profiles/reports/consents"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def single(spec: ConsentSpec, channel: str) -> ConsentSpec:
    """Return the spec with one channel; those of the other way stay in it unused, as the editor leaves them."""
    names = {EMAIL: "E-post", SMS: "Sms"}  # whatever the account calls them, the column is that of the attribute
    return replace(spec, method="single", channel=Choice(channel, names[channel]))


def body_of(ear: Ear) -> dict[str, object]:
    (request,) = [request for request in ear.sent(REPORTS) if request.method == "POST"]
    return dict(json.loads(request.content))


# ── Whom and what ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seed("S0.1")
def test_people_of_the_segment_with_consent_to_the_topics_by_the_channels(
    wish: Wishes, bring: Bring, people: People
) -> None:
    spec = replace(wish.everyone(), segments=wish.columns("segment", women="Kvinnor"), everyone=False)
    brought = bring(spec)
    (women,) = spec.segments
    members = {key for key, person in people.by_key.items() if people.is_member(person, women.id)}
    assert {row["export_key"] for row in brought.rows} == members
    assert 0 < len(members) < len(people.by_key)
    for channel, title in ((EMAIL, "EmailConsent"), (SMS, "MobileConsent")):
        may = [p for key in members if people.consented(p := people.by_key[key], spec, channel) and p.address(channel)]
        assert brought.run.file.counts["consented"][title] == len(may) > 0


@pytest.mark.seed("S0.2")
def test_one_of_two_ways_to_name_channels_and_never_both(wish: Wishes, bring: Bring, as_anna: Client) -> None:
    page = as_anna.get(reverse("exports:segment_new")).content.decode()
    assert page.count('name="channel_method" value="mapped"') == page.count('name="channel_method" value="single"') == 1
    mapped, one = wish.everyone(), single(wish.everyone(), EMAIL)
    assert bring(mapped).header == ["export_key", "EmailConsent", "MobileConsent"]
    assert bring(one).header == ["export_key", "Email"]
    for spec in (replace(mapped, channels=()), replace(one, channel=Choice("", ""))):
        found = preflight.check(spec, Reach(), consent_version=2)
        assert "no_channel" in {finding.code for finding in found if finding.level == "block"}
        with pytest.raises(ValueError, match="one channel"):
            spec.to_request(consent_version=2)
    with pytest.raises(ValueError, match="one channel"):
        replace(mapped.to_request(consent_version=2), channel_discriminator=EMAIL)


def recommendation(client: Client, method: str) -> str:
    """Return what the editor says of one of the two ways while it is the one that is chosen."""
    page = client.post(reverse("exports:segment_draft"), {"channel_method": method}).content.decode()
    found = re.search(r'<span class="hint" id="channel-hint">([^<]*)</span>', page)
    assert found
    return found[1]


# ── One channel ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seed("S0.3")
@pytest.mark.parametrize("channel", [EMAIL, SMS])
def test_one_channel_for_all_topics(wish: Wishes, bring: Bring, people: People, channel: str, as_anna: Client) -> None:
    assert recommendation(as_anna, "single") == (
        "APSIS recommends this for consent through one channel, e-mail or SMS, to all the subscriptions you chose."
    )
    brought = bring(single(wish.everyone(), channel))
    (title,) = brought.run.file.counts["consented"]
    for row in brought.rows:
        person = people.by_key[row["export_key"]]
        wanted = person.address(channel) if people.consented(person, brought.run.consent_spec, channel) else ""
        assert row[title] == wanted


@pytest.mark.seed("S0.4")
@pytest.mark.parametrize("channel", [EMAIL, SMS])
def test_one_channel_is_named_in_its_own_property(wish: Wishes, bring: Bring, ear: Ear, channel: str) -> None:
    bring(single(wish.everyone(), channel))
    body = body_of(ear)
    assert body.get("channel_discriminator") == channel
    assert "channels" not in body


@pytest.mark.seed("S0.5")
@pytest.mark.parametrize(("channel", "title"), [(EMAIL, "Email"), (SMS, "Mobile")])
def test_one_channel_gives_the_column_of_its_attribute(wish: Wishes, bring: Bring, channel: str, title: str) -> None:
    brought = bring(single(wish.everyone(), channel))
    assert brought.header == ["export_key", title]
    assert [(column.title, column.kind) for column in brought.run.consent_spec.columns()][1] == (title, "consent")


@pytest.mark.seed("S0.6")
@pytest.mark.parametrize("channel", [EMAIL, SMS])
def test_one_channel_brings_everybody_who_consented(wish: Wishes, bring: Bring, people: People, channel: str) -> None:
    spec = single(wish.everyone(), channel)
    brought = bring(spec)
    consented = {key for key, person in people.by_key.items() if people.consented(person, spec, channel)}
    assert consented <= {row["export_key"] for row in brought.rows}
    reachable = sum(bool(people.by_key[key].address(channel)) for key in consented)
    assert brought.run.file.counts["contactable"] == reachable > 0
    assert f"You may contact {reachable:,} of these {len(people.by_key):,} people." in said(brought.run)


@pytest.mark.seed("S0.7")
def test_one_channel_brings_those_who_did_not_consent_or_unsubscribed_too(
    wish: Wishes, bring: Bring, people: People
) -> None:
    spec = single(wish.everyone(), EMAIL)
    brought = bring(spec)
    keys = {row["export_key"] for row in brought.rows}
    silent = {key for key, person in people.by_key.items() if not people.consented(person, spec, EMAIL)}
    left = {k for k, p in people.by_key.items() if people.unsubscribed_from_all(p, spec, (EMAIL,))}
    assert silent <= keys
    assert left <= silent
    assert left
    assert brought.run.file.row_count == len(people.by_key)
    found = {finding.code for finding in preflight.check(spec, Reach(), consent_version=2)}
    assert "blanks_stay" in found


@pytest.mark.seed("S0.8")
@pytest.mark.parametrize(("channel", "title"), [(EMAIL, "Email"), (SMS, "Mobile")])
def test_a_blank_in_the_one_channel_is_no_consent(
    wish: Wishes, bring: Bring, people: People, channel: str, title: str
) -> None:
    spec = single(wish.everyone(), channel)
    brought = bring(spec)
    blank = [row for row in brought.rows if not row[title]]
    silent = [row for row in brought.rows if not people.consented(people.by_key[row["export_key"]], spec, channel)]
    assert silent
    assert all(not row[title] for row in silent)
    counted = brought.run.file.counts
    assert counted["consented"][title] == counted["contactable"] == len(brought.rows) - len(blank)


# ── Several channels ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seed("S0.9")
def test_several_channels_in_one_request(wish: Wishes, bring: Bring, vendor: Vendor, as_anna: Client) -> None:
    assert recommendation(as_anna, "mapped") == (
        "APSIS recommends this for several channels, e-mail and SMS, in one file. You name the columns."
    )
    brought = bring(wish.everyone())
    assert vendor.calls()["consent_export"] == 1
    titles = ["EmailConsent", "MobileConsent"]
    assert brought.run.file.counts["consented"] == {t: sum(bool(row[t]) for row in brought.rows) for t in titles}
    of_any = [row for row in brought.rows if any(row[title] for title in titles)]
    assert brought.run.file.counts["contactable"] == len(of_any) > 0
    assert draft.read(QueryDict(), wish.choices, base=ConsentSpec()).method == "mapped"


@pytest.mark.seed("S0.10")
def test_several_channels_leave_the_columns_to_the_person(wish: Wishes, bring: Bring, vendor: Vendor) -> None:
    usual = bring(wish.everyone())
    channels = (ColumnChoice(SMS, "SMS", column="Får sms"), ColumnChoice(EMAIL, "Email", column="Får e-post"))
    spec = wish.everyone(channels=channels, attributes=wish.columns("attribute", Ort="Ort"))
    own = bring(spec)
    assert own.header == ["export_key", "Får sms", "Får e-post", "Ort"]
    counted, before = own.run.file.counts["consented"], usual.run.file.counts["consented"]
    assert counted == {"Får sms": before["MobileConsent"], "Får e-post": before["EmailConsent"]}
    vendor.control("PATCH", "switches", column_order="attributes channels tags segments")
    moved = bring(spec)
    assert moved.header == ["export_key", "Ort", "Får sms", "Får e-post"]
    assert moved.run.file.counts == own.run.file.counts  # found by title, wherever they stand


@pytest.mark.seed("S0.11")
def test_several_channels_are_mapped_to_fields(wish: Wishes, run_of: RunOf, ear: Ear, steps: Turner) -> None:
    # A single channel that was chosen before is no part of it.
    run = steps.step(run_of(wish.everyone(channel=Choice(SMS, "SMS"))))
    body = body_of(ear)
    assert body.get("channels") == [
        {"field_name": "EmailConsent", "channel_discriminator": EMAIL},
        {"field_name": "MobileConsent", "channel_discriminator": SMS},
    ]
    assert "channel_discriminator" not in body
    assert read(steps.to_the_end(run)).header == ["export_key", "EmailConsent", "MobileConsent"]


JEANS = ConsentSpec(
    section=Choice("usercreated.sections.europe-r6tz73a27t", "Europe"),
    topics=(
        TopicChoice("usercreated.topics.bluejeans-cbyntm8qnw", "Blue", folder="usercreated.targets.jeans-3ayb7167e4"),
        TopicChoice("usercreated.topics.greenjeans-cbyntm8qnw", "Green", folder="usercreated.targets.jeans-3ayb7167e4"),
    ),
    channels=(ColumnChoice(EMAIL, "Email", column="EmailConsent"), ColumnChoice(SMS, "SMS", column="MobileConsent")),
    attributes=(
        ColumnChoice("1852749", "Email", column="Email", discriminator="com.apsis1.attributes.email"),
        ColumnChoice("1852750", "Mobile", column="Mobile", discriminator="com.apsis1.attributes.mobile"),
    ),
    everyone=True,
)
"""The vendor's example, as somebody would save it."""


@pytest.mark.seed("S0.12")
def test_the_example_request_is_made_word_for_word() -> None:
    body = JEANS.to_request(consent_version=1).to_body()
    assert json.loads(json.dumps(body)) == {
        "section_discriminator": "usercreated.sections.europe-r6tz73a27t",
        "consent_list_discriminator": "usercreated.targets.jeans-3ayb7167e4",
        "topic_discriminators": [
            "usercreated.topics.bluejeans-cbyntm8qnw",
            "usercreated.topics.greenjeans-cbyntm8qnw",
        ],
        "channels": [
            # Blank in our copy of the page; other copies have the e-mail channel, which the column is for.
            {"field_name": "EmailConsent", "channel_discriminator": "com.apsis1.channels.email"},
            {"field_name": "MobileConsent", "channel_discriminator": "com.apsis1.channels.sms"},
        ],
        "attributes": [
            {"field_name": "Email", "attribute_version_id": "1852749"},
            {"field_name": "Mobile", "attribute_version_id": "1852750"},
        ],
        "exclude_unsubscribed_profiles": False,
    }
    assert "consent_list_discriminator" not in JEANS.to_request(consent_version=2).to_body()


@pytest.mark.seed("S0.12")
def test_an_account_on_consent_1_is_told_the_folder(anna: User, vendor: Vendor, ear: Ear, steps: Turner) -> None:
    account = VendorAccount.objects.create(
        name="Fjordsport", region="other", other_url="http://127.0.0.1:8100", consent_version=1
    )
    key = save_credential(by=anna, account=account, client_id="demo-ingrid", secret="demo-ingrid-secret")
    choices = Choices(Library(key), Choices(Library(key), "").sections()[0].id)
    topics = [option for option in choices.options("topic").values() if option.group == "Allmänt"][:2]
    spec = replace(
        JEANS,
        section=Choice(choices.section, "Sport"),
        topics=tuple(TopicChoice(option.id, option.name, folder=option.folder) for option in topics),
        attributes=(),
    )
    saved = actions.save_segment(by=anna, account=account, name="Jeans", spec=spec, now=steps.now)
    run = steps.to_the_end(actions.start(saved, by=anna, now=steps.now))
    assert read(run).rows
    assert body_of(ear)["consent_list_discriminator"] == topics[0].folder


@pytest.mark.parametrize(
    ("channel", "title"),
    [
        pytest.param(EMAIL, "EmailConsent", marks=pytest.mark.seed("S0.13")),
        pytest.param(SMS, "MobileConsent", marks=pytest.mark.seed("S0.14")),
    ],
)
def test_a_consent_column_holds_an_address_with_consent_to_any_topic(
    wish: Wishes, bring: Bring, people: People, channel: str, title: str
) -> None:
    spec = wish.everyone()
    brought = bring(spec)
    for row in brought.rows:
        person = people.by_key[row["export_key"]]
        assert row[title] == (person.address(channel) if people.consented(person, spec, channel) else "")
    first, second = (replace(spec, topics=(topic,)) for topic in spec.topics)
    by_one_alone = [
        row
        for row in brought.rows
        if people.consented(p := people.by_key[row["export_key"]], first, channel)
        != people.consented(p, second, channel)
        and p.address(channel)
    ]
    assert by_one_alone  # any of them is enough
    assert all(row[title] for row in by_one_alone)
    assert brought.run.file.counts["consented"][title] == sum(bool(row[title]) for row in brought.rows)


@pytest.mark.seed("S0.15")
def test_an_address_in_an_attribute_column_is_never_taken_for_consent(wish: Wishes, bring: Bring) -> None:
    plain = bring(wish.everyone())
    beside = bring(wish.everyone(attributes=wish.columns("attribute", Email="Email", Mobile="Mobile")))
    for count in ("rows", "consented", "contactable"):
        assert beside.run.file.counts[count] == plain.run.file.counts[count]
    assert set(beside.run.file.counts["consented"]) == {"EmailConsent", "MobileConsent"}
    assert any(row["Email"] and not row["EmailConsent"] for row in beside.rows)
    columns = {column.title: column for column in beside.run.consent_spec.columns()}
    assert [title for title, column in columns.items() if column.is_address] == ["Email", "Mobile"]
    found = preflight.check(beside.run.consent_spec, Reach(), consent_version=2)
    assert "address_is_not_consent" in {finding.code for finding in found}


@pytest.mark.seed("S0.16")
def test_attribute_columns_hold_the_attributes(wish: Wishes, bring: Bring, people: People) -> None:
    brought = bring(wish.everyone(attributes=wish.columns("attribute", Email="Email", Mobile="Mobile")))
    for row in brought.rows:
        person = people.by_key[row["export_key"]]
        assert (row["Email"], row["Mobile"]) == (person.email, person.mobile)


ROWS = """\
export_key,EmailConsent,MobileConsent,Email,Mobile
e1ea6ded-0000-4000-8000-000000000001,john@example.com,46000000001,john@example.com,46000000001
d7cdbdf2-0000-4000-8000-000000000002,eva@example.com,,eva@example.com,46000000002
3ff64da9-0000-4000-8000-000000000003,,46000000003,anna@example.com,46000000003
31e80abd-0000-4000-8000-000000000004,,,ulf@example.com,46000000004
"""
"""The vendor's four rows with invented addresses: John, somebody by e-mail, Anna, and somebody who said nothing."""


@pytest.fixture
def four(wish: Wishes, vendor: Vendor, tmp_path: Path) -> ConsentSpec:
    """What the vendor's example asks for; its example file is what comes."""
    path = tmp_path / "four.csv"
    path.write_text(ROWS)
    vendor.control("PATCH", "switches", prepared=str(path))
    return wish.everyone(attributes=wish.columns("attribute", Email="Email", Mobile="Mobile"))


@pytest.mark.seed("S0.17")
def test_the_example_file_is_read_as_it_stands(four: ConsentSpec, bring: Bring) -> None:
    brought = bring(four)
    assert brought.header == [column.title for column in four.columns()]
    assert brought.run.file.header == brought.header
    assert brought.run.file.row_count == 4
    assert brought.run.file.counts["consented"] == {"EmailConsent": 2, "MobileConsent": 2}
    assert b"".join(files.stream(brought.run, "content")) == ROWS.encode()


@pytest.mark.seed("S0.18")
def test_john_may_be_reached_both_ways_and_anna_by_sms_alone(four: ConsentSpec, bring: Bring) -> None:
    brought = bring(four)
    john, _eva, anna, _ulf = brought.rows
    assert john["EmailConsent"]
    assert john["MobileConsent"]
    assert not anna["EmailConsent"]
    assert anna["MobileConsent"]
    assert anna["Email"]  # known, and yet not to be written to
    assert brought.run.file.counts["contactable"] == 3  # John counts once
    told = figures.of(brought.run)
    assert told is not None
    assert [(channel.name, channel.value) for channel in told.channels] == [("Email", 2), ("SMS", 2)]
    assert told.both == 1  # John


# ── Leaving out the unsubscribed ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.seed("S0.19")
@pytest.mark.parametrize("wanted", [False, True])
def test_leaving_out_is_asked_for_in_the_request(wish: Wishes, bring: Bring, ear: Ear, wanted: bool) -> None:
    ticked = QueryDict("exclude_unsubscribed=on" if wanted else "")
    drawn = draft.read(ticked, wish.choices, base=ConsentSpec())
    bring(wish.everyone(exclude_unsubscribed=drawn.exclude_unsubscribed))
    assert body_of(ear).get("exclude_unsubscribed_profiles") is wanted


@pytest.mark.seed("S0.20")
def test_leaving_out_drops_those_without_consent_to_any_topic(wish: Wishes, bring: Bring, people: People) -> None:
    spec = wish.everyone(exclude_unsubscribed=True)
    brought = bring(spec)
    asked = {
        key
        for key, person in people.by_key.items()
        if people.consented(person, spec, EMAIL) or people.consented(person, spec, SMS)
    }
    assert {row["export_key"] for row in brought.rows} == asked
    assert 0 < len(asked) < len(people.by_key)
    assert brought.run.file.row_count == len(asked)
    found = {finding.code for finding in preflight.check(spec, Reach(), consent_version=2)}
    assert "unsubscribed_left_out" in found


@pytest.mark.seed("S0.21")
def test_leaving_out_drops_those_who_unsubscribed_from_all(wish: Wishes, bring: Bring, people: People) -> None:
    # One subscription and one channel, so that some have left all there is.
    spec = single(wish.everyone(topics=wish.topics("Erbjudanden")), EMAIL)
    left = {k for k, p in people.by_key.items() if people.unsubscribed_from_all(p, spec, (EMAIL,))}
    with_them, without = bring(spec), bring(replace(spec, exclude_unsubscribed=True))
    assert left
    assert left <= {row["export_key"] for row in with_them.rows}
    assert not left & {row["export_key"] for row in without.rows}


# ── What else the file holds ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seed("S0.22")
@pytest.mark.parametrize("title", ["export_key", "profile_key"])
def test_the_export_key_is_always_there(wish: Wishes, bring: Bring, people: People, vendor: Vendor, title: str) -> None:
    vendor.control("PATCH", "switches", export_key_title=title)
    brought = bring(wish.everyone())
    assert {row[title] for row in brought.rows} == set(people.by_key)
    (first, *_others) = brought.run.consent_spec.columns()
    assert first.kind == "key"
    assert brought.run.file.header[0] == title


@pytest.mark.seed("S0.23")
def test_attributes_become_columns(wish: Wishes, bring: Bring, ear: Ear) -> None:
    attributes = wish.columns("attribute", Förnamn="First name", Stad="Ort")
    brought = bring(wish.everyone(attributes=attributes))
    assert brought.header[-2:] == ["Förnamn", "Stad"]
    assert body_of(ear)["attributes"] == [
        {"field_name": choice.column, "attribute_version_id": choice.id} for choice in attributes
    ]
    assert all(row["Förnamn"] and row["Stad"] for row in brought.rows)


@pytest.mark.seed("S0.24")
def test_tags_become_columns(wish: Wishes, bring: Bring, ear: Ear) -> None:
    tags = wish.columns("tag", Mässa="Träffad på mässan")
    brought = bring(wish.everyone(tags=tags))
    assert brought.header[-1] == "Mässa"
    assert body_of(ear)["tags"] == [{"field_name": "Mässa", "tag_version_id": tags[0].id}]
    assert {row["Mässa"] for row in brought.rows} == {"1", ""}


@pytest.fixture
def two_segments(wish: Wishes, vendor: Vendor) -> ConsentSpec:
    """Two segments, and everybody else too: the vendor does not say whether they come."""
    vendor.control("PATCH", "switches", rows_outside_segments=True)
    segments = wish.columns("segment", women="Kvinnor", club="Klubmedlemmer")
    return replace(wish.everyone(), segments=segments, everyone=False)


@pytest.mark.seed("S0.25")
def test_each_segment_is_a_column(
    two_segments: ConsentSpec, bring: Bring, run_of: RunOf, steps: Turner, vendor: Vendor, tmp_path: Path
) -> None:
    brought = bring(two_segments)
    assert brought.header[-2:] == ["women", "club"]
    assert set(brought.run.file.counts["members"]) == {"women", "club"}
    lacking = tmp_path / "lacking.csv"
    lacking.write_text("export_key,EmailConsent,MobileConsent,women\n1,eva@example.com,,1\n")
    vendor.control("PATCH", "switches", prepared=str(lacking))
    run = steps.to_the_end(run_of(two_segments))
    assert_failed(run, "column_missing")
    assert run.facts == {"columns": ["club"]}


@pytest.mark.seed("S0.26")
def test_a_segment_column_is_titled_as_the_request_names_it(two_segments: ConsentSpec, ear: Ear, bring: Bring) -> None:
    renamed = tuple(replace(segment, column=f"i {segment.name}") for segment in two_segments.segments)
    brought = bring(replace(two_segments, segments=renamed))
    assert brought.header[-2:] == ["i Kvinnor", "i Klubmedlemmer"]
    assert body_of(ear)["segments"] == {
        "timezone": "Europe/Stockholm",
        "segment_discriminators": {segment.column: segment.id for segment in renamed},
    }


@pytest.mark.seed("S0.27")
def test_a_one_is_a_member(two_segments: ConsentSpec, bring: Bring, people: People) -> None:
    brought = bring(two_segments)
    counts = brought.run.file.counts
    members = []
    for choice in two_segments.segments:
        own = {key for key, person in people.by_key.items() if people.is_member(person, choice.id)}
        assert {row["export_key"] for row in brought.rows if row[choice.column] == "1"} == own
        assert counts["members"][choice.column] == len(own)
        members.append(own)
    assert counts["member_of_any"] == len(set.union(*members))


@pytest.mark.seed("S0.28")
def test_a_nought_is_no_member(two_segments: ConsentSpec, bring: Bring, people: People) -> None:
    brought = bring(two_segments)
    for choice in two_segments.segments:
        others = [row for row in brought.rows if not people.is_member(people.by_key[row["export_key"]], choice.id)]
        assert {row[choice.column] for row in others} == {"0"}
        assert brought.run.file.counts["members"][choice.column] == len(brought.rows) - len(others)
    outside = sum(all(row[choice.column] == "0" for choice in two_segments.segments) for row in brought.rows)
    assert brought.run.file.row_count - brought.run.file.counts["member_of_any"] == outside > 0


# ── How it is used ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seed("S0.29")
@pytest.mark.parametrize("v2", [False, True])
def test_a_request_gives_a_link_that_is_kept_sealed(
    wish: Wishes, run_of: RunOf, steps: Turner, vendor: Vendor, v2: bool
) -> None:
    vendor.control("PATCH", "switches", url_v2=v2)
    run = steps.step(run_of(wish.everyone()))
    (export_id,) = vendor.app.world.exports
    assert run.code == "preparing"
    assert export_id not in run.sealed_poll_url
    assert vault.unseal(run.sealed_poll_url).endswith(f"/{export_id}")
    assert run.poll_style == ("v2" if v2 else "old")


@pytest.mark.seed("S0.30")
def test_a_link_is_believed_for_one_day(wish: Wishes, run_of: RunOf, steps: Turner, vendor: Vendor) -> None:
    run = steps.step(run_of(wish.everyone()))
    assert run.poll_ends_at - run.requested_at == timedelta(days=1)
    vendor.fault("poll", "status", status=404, headers={"Retry-After": "3000"}, times=0)
    begun = steps.now
    assert_failed(steps.to_the_end(run), "never_ready")
    assert timedelta(hours=24) <= steps.now - begun < timedelta(hours=25)


@pytest.mark.seed("S0.31")
def test_the_link_is_asked_with_growing_pauses(wish: Wishes, run_of: RunOf, steps: Turner, vendor: Vendor) -> None:
    vendor.control("PATCH", "switches", prepare_seconds=90)
    run, asked_at = steps.step(run_of(wish.everyone())), [steps.now]
    while run.code == "preparing":
        run = steps.step(run)
        asked_at.append(steps.now)
    pauses = [(after - before).total_seconds() for before, after in pairwise(asked_at)]
    assert len(pauses) >= 5
    assert pauses[0] == 2.0
    for count, pause in enumerate(pauses[1:], start=1):
        assert 0.8 <= pause / (2.0 * 1.6**count) <= 1.2
    assert poll_pause(50) <= timedelta(seconds=72)
    assert len({poll_pause(5) for _ in range(5)}) > 1  # chance keeps runs that began together apart


@pytest.mark.seed("S0.32")
def test_one_token_serves_every_call(wish: Wishes, ear: Ear, bring: Bring, vendor: Vendor) -> None:
    bring(wish.everyone())
    paths = {request.url.path.split("/")[1] for request, _ in ear.heard if "authorization" in request.headers}
    tokens = {request.headers["authorization"] for request, _ in ear.heard if "authorization" in request.headers}
    assert len(tokens) == 1
    assert "audience" in paths
    polled = ear.sent(REPORTS + "/")
    assert len(polled) >= 3
    assert {request.headers["authorization"] for request in polled} == tokens
    assert vendor.calls()["token"] == 1


@pytest.mark.seed("S0.33")
def test_404_is_waiting(wish: Wishes, run_of: RunOf, ear: Ear, steps: Turner, vendor: Vendor) -> None:
    vendor.control("PATCH", "switches", prepare_seconds=60)
    run = steps.to_the_end(run_of(wish.everyone()), until=lambda run: run.poll_count == 3)
    assert said(run).startswith("Preparing at APSIS")
    run = steps.to_the_end(run)
    answers = [response.status_code for request, response in ear.heard if f"{REPORTS}/" in request.url.path]
    assert answers == [404] * (len(answers) - 2) + [200, 200]
    assert len(answers) > 5
    assert codes(run).count("still_preparing") == len(answers) - 2
    assert run.attempt == 1


@pytest.mark.seed("S0.34")
def test_200_streams_the_file(wish: Wishes, run_of: RunOf, ear: Ear, steps: Turner, vendor: Vendor) -> None:
    vendor.control("PATCH", "switches", profiles=30_000)
    run = steps.to_the_end(run_of(wish.everyone()), until=lambda run: run.ready_at)
    assert run.code == "to_fetch"
    with opened(run, gzip=False) as stream:
        sizes = [len(chunk) for chunk in stream.chunks()]
    assert stream.status == 200
    assert len(sizes) > 3
    assert max(sizes) <= 256 * 1024  # a piece at a time, whatever the file's size
    on_disk: list[int] = []
    ear.at_piece = lambda: on_disk.append(_bytes_of(run))
    run = steps.to_the_end(run)
    assert len(set(on_disk)) > 3  # stored while the vendor was still sending
    assert (run.status, run.file.row_count) == ("succeeded", 30_000)
    assert run.file.content_length == sum(sizes)


def _bytes_of(run: ExportRun) -> int:
    return sum(default_storage.size(f"exports/{run.uuid}/{name}") for name in stored(run))


@pytest.mark.seed("S0.35")
def test_410_is_a_file_that_is_gone(wish: Wishes, run_of: RunOf, steps: Turner, vendor: Vendor) -> None:
    run = steps.step(run_of(wish.everyone()))
    steps.forward(24 * 3600)  # the desk was away for the whole day
    run = steps.step(run)
    assert run.code == "retrying"
    assert "no longer at APSIS" in said(run)
    run = steps.to_the_end(run)
    assert (run.code, run.attempt) == ("ready", 2)
    assert vendor.calls()["consent_export"] == 2
    told = attempts.of(run, list(run.lines.all()), now=steps.now)
    assert [(attempt.number, attempt.state) for attempt in told] == [(1, "failed"), (2, "ready")]


@pytest.mark.seed("S0.36")
def test_410_is_a_wrong_id_too(wish: Wishes, run_of: RunOf, steps: Turner, vendor: Vendor) -> None:
    run = steps.step(run_of(wish.everyone()))
    while run.attempt < 3 or not run.sealed_poll_url:
        if run.sealed_poll_url:
            ExportRun.objects.filter(pk=run.pk).update(sealed_poll_url=_with_wrong_id(run))
        run = steps.step(run)
    ExportRun.objects.filter(pk=run.pk).update(sealed_poll_url=_with_wrong_id(run))
    assert_failed(steps.step(run), "gone")
    assert vendor.calls()["consent_export"] == 3


def _with_wrong_id(run: ExportRun) -> str:
    return vault.seal(vault.unseal(run.sealed_poll_url).rsplit("/", 1)[0] + "/00000000-0000-4000-8000-000000000000")


# ── The file's wrapping ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seed("S0.37")
def test_without_being_asked_the_vendor_sends_a_plain_csv(wish: Wishes, ear: Ear, bring: Bring) -> None:
    ear.deaf_to = {"accept-encoding", "accept"}
    run = bring(wish.everyone()).run
    assert (run.file.encoding, run.file.media_type) == ("", "text/csv")
    assert run.file.received_sha256 == run.file.content_sha256
    assert files.name_of(run, "received") == files.name_of(run, "content")
    assert files.name_of(run, "content").endswith(".csv")


@pytest.mark.seed("S0.38")
def test_compression_is_asked_for_on_the_link(wish: Wishes, ear: Ear, bring: Bring) -> None:
    bring(wish.everyone())
    assert {request.headers["accept-encoding"] for request in ear.sent(f"{REPORTS}/")} == {"gzip"}


@pytest.mark.seed("S0.39")
def test_compression_is_told_by_the_header_of_the_answer(wish: Wishes, ear: Ear, bring: Bring) -> None:
    run = bring(wish.everyone()).run
    _request, response = ear.heard[-1]
    assert response.headers["content-encoding"] == "gzip"
    assert run.file.encoding == "gzip"
    received = b"".join(files.stream(run, "received"))
    assert zlib.decompress(received, wbits=31) == b"".join(files.stream(run, "content"))


@pytest.mark.seed("S0.40")
def test_a_compressed_file_is_a_csv_gz(wish: Wishes, bring: Bring) -> None:
    run = bring(wish.everyone()).run
    assert files.name_of(run, "received").endswith(".csv.gz")
    assert files.name_of(run, "content").endswith(".csv")
    received = b"".join(files.stream(run, "received"))
    assert received[:2] == b"\x1f\x8b"
    assert len(received) == run.file.received_length < run.file.content_length
    assert hashlib.sha256(received).hexdigest() == run.file.received_sha256
    assert hashlib.sha256(gzip.decompress(received)).hexdigest() == run.file.content_sha256


@pytest.mark.seed("S0.41")
@pytest.mark.parametrize("harm", ["flip", "truncate"])
def test_one_link_gives_the_file_as_often_as_it_is_asked_for(
    wish: Wishes, run_of: RunOf, steps: Turner, vendor: Vendor, harm: str
) -> None:
    run = steps.to_the_end(run_of(wish.everyone()), until=lambda run: run.ready_at)
    vendor.fault("download", harm, bytes=300, times=2)
    run = steps.to_the_end(run)
    assert run.code == "ready"  # at the third fetching
    assert codes(run).count("trouble") == 2
    assert vendor.calls()["consent_export"] == 1
    with opened(run) as stream:
        again = b"".join(stream.chunks())
    assert hashlib.sha256(again).hexdigest() == run.file.received_sha256


@pytest.mark.seed("S0.42")
def test_one_link_gives_it_compressed_or_not(wish: Wishes, bring: Bring) -> None:
    run = bring(wish.everyone()).run
    digests = []
    for is_gzip in (False, True, False):
        with opened(run, gzip=is_gzip) as stream:
            assert stream.encoding == ("gzip" if is_gzip else None)
            whole = b"".join(stream.chunks())
            digests.append(hashlib.sha256(gzip.decompress(whole) if is_gzip else whole).hexdigest())
    assert set(digests) == {run.file.content_sha256}


@pytest.mark.seed("S0.43")
@pytest.mark.parametrize(
    "content_type",
    [
        "text/csv;charset=UTF-8;header=present",
        "text/csv; header=present; charset=utf-8",
        "Text/CSV",
        "application/csv",
        "application/octet-stream",
    ],
)
def test_a_csv_is_known_by_a_type_that_is_only_similar(
    wish: Wishes, run_of: RunOf, steps: Turner, vendor: Vendor, content_type: str
) -> None:
    run = steps.to_the_end(run_of(wish.everyone()), until=lambda run: run.ready_at)
    body = "export_key,EmailConsent,MobileConsent\n1,eva@example.com,\n"
    vendor.fault("download", "status", status=200, body=body, headers={"Content-Type": content_type}, times=0)
    run = steps.step(run)
    assert (run.code, run.file.row_count) == ("ready", 1)
    vendor.control("DELETE", "faults")
    with opened(run) as stream:
        assert stream.media_type == "text/csv"
    vendor.fault("download", "status", status=200, body=body, headers={"Content-Type": "text/html"})
    with pytest.raises(BrokenAnswer), opened(run):
        pass


@pytest.mark.seed("S0.44")
def test_a_workbook_comes_when_it_is_asked_for(wish: Wishes, ear: Ear, bring: Bring) -> None:
    brought = bring(wish.everyone())
    with opened(brought.run, as_xlsx=True, gzip=False) as stream:
        whole = b"".join(stream.chunks())
    assert ear.sent(f"{REPORTS}/")[-1].headers["accept"] == XLSX
    table = [[cell or "" for cell in row] for row in _table(whole)]
    assert table == [brought.header, *(list(row.values()) for row in brought.rows)]


@pytest.mark.seed("S0.45")
def test_a_workbook_says_that_it_is_one_and_nothing_else_is_taken_for_it(
    wish: Wishes, bring: Bring, vendor: Vendor
) -> None:
    run = bring(wish.everyone()).run
    with opened(run, as_xlsx=True) as stream:
        assert stream.media_type == XLSX
    vendor.fault("download", "status", status=200, body="a,b", headers={"Content-Type": "text/csv"})
    with pytest.raises(BrokenAnswer), opened(run, as_xlsx=True):
        pass


@pytest.mark.seed("S0.46")
def test_one_link_gives_any_format_in_any_order(wish: Wishes, run_of: RunOf, steps: Turner) -> None:
    run = steps.to_the_end(run_of(wish.everyone()), until=lambda run: run.ready_at)
    wholes = []
    for how in ({"as_xlsx": True}, {"gzip": False}, {"as_xlsx": True, "gzip": False}, {}):
        with opened(run, **how) as stream:
            whole = b"".join(stream.chunks())
            assert stream.media_type == (XLSX if how.get("as_xlsx") else "text/csv")
            wholes.append(gzip.decompress(whole) if stream.encoding == "gzip" else whole)
    brought = read(steps.to_the_end(run))  # and once more
    assert wholes[0] == wholes[2]
    assert wholes[1] == wholes[3] == b"".join(files.stream(brought.run, "content"))
    assert len(list(_table(wholes[0]))) == len(brought.rows) + 1


def _table(workbook: bytes) -> list[tuple[str | None, ...]]:
    sheet = openpyxl.load_workbook(io.BytesIO(workbook), read_only=True).active
    return list(sheet.iter_rows(values_only=True))


# ── Too much ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seed("S0.47")
@pytest.mark.parametrize("kind", ["topics", "attributes", "tags"])
def test_413_says_ask_for_less_and_is_remembered(
    wish: Wishes, run_of: RunOf, steps: Turner, vendor: Vendor, kind: str
) -> None:
    vendor.control("PATCH", "switches", **{f"{kind}_at_most": 1})
    spec = wish.everyone(
        attributes=wish.columns("attribute", Ort="Ort", Land="Land"), tags=wish.columns("tag", a="VIP", b="Reklamation")
    )
    run = steps.step(run_of(spec))
    assert_failed(run, "too_much")
    assert "fewer subscriptions, attributes or tags" in said(run)
    assert vendor.calls()["consent_export"] == 1  # never repeated as it was
    seen = reach.seen(run.credential.account)
    assert seen.refused.get(kind) == 2
    found = {f.code: (f.figure, f.limit) for f in preflight.check(spec, Reach(), consent_version=2, seen=seen)}
    assert found.get(f"many_{kind}") == (2, 2)
