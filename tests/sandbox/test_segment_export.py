import csv
import io

import pytest

PATH = "/audience/profiles/reports/segments"


@pytest.fixture
def ask(caller, time):
    def ask_for(**content):
        response = caller.post(PATH, content)
        time.pass_by(60)
        return response

    return ask_for


def test_the_members_of_a_segment_with_chosen_columns(caller, ask):
    account = caller.account()
    asked = [{"field_name": "Ort", "attribute_version_id": caller.version(account.sections[1], "city")}]
    answer = ask(segment_discriminator=account.segments[0].discriminator, attributes=asked)
    assert answer.status_code == 202
    rows = list(csv.DictReader(io.StringIO(caller.get(answer.json()["file_download_url"]).text)))
    assert list(rows[0]) == ["export_key", "Ort"]
    assert 150 < len(rows) < 270


def test_both_poll_urls_lead_to_the_same_file(caller, ask):
    urls = ask(segment_definition="profile.attribute('points') > 3").json()
    first, second = caller.get(urls["file_download_url"]), caller.get(urls["file_download_url_v2"])
    assert first.status_code == second.status_code == 200
    assert first.content == second.content


def test_known_and_unknown_profiles_make_up_the_whole(caller, ask):
    name = caller.account().segments[10].discriminator
    sizes = []
    for kind in ({}, {"profile_type": "known"}, {"profile_type": "unknown"}):
        sizes.append(
            len(caller.get(ask(segment_discriminator=name, **kind).json()["file_download_url"]).text.splitlines()) - 1
        )
    assert sizes[0] == 400 == sizes[1] + sizes[2]
    assert 0 < sizes[2] < 20


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"segment_discriminator": "x"},
        {"segment_discriminator": "x", "segment_definition": "y"},
        {"segment_definition": "y", "profile_type": "some"},
        {"segment_definition": "y", "attributes": [{"field_name": "A", "attribute_version_id": "1"}]},
        {"segment_definition": "y", "timezone": "?"},
    ],
)
def test_what_is_wrong_is_refused(ask, content):
    assert ask(**content).status_code == 400
