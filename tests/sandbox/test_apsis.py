import gzip
import io
from urllib.parse import quote

import openpyxl
import pytest

from sandbox.files import XLSX


def items(response):
    assert response.status_code == 200, response.text
    return response.json()["items"]


# Definitions


def test_keyspaces_and_channels(caller):
    found = {item["discriminator"]: item["manage_subscriptions"] for item in items(caller.get("/audience/keyspaces"))}
    assert found["com.apsis1.keyspaces.email"] is True
    assert found["com.apsis1.keyspaces.export"] is False
    assert [item["name"] for item in items(caller.get("/audience/channels"))] == ["Email", "SMS"]


def test_sections_are_those_within_reach(make, caller):
    assert {"id", "discriminator", "name", "description"} == set(items(caller.get("/audience/sections"))[0])
    assert [item["name"] for item in items(make("demo-jonas").get("/audience/sections"))] == ["Norge"]


def test_attributes_have_versions_and_the_null_is_written(caller):
    found = items(caller.get("/audience/sections/com.apsis1.sections.default/attributes"))
    email = found[0]
    assert email["discriminator"] == "com.apsis1.attributes.email"
    assert email["versions"][0]["deprecated_at"] == "2021-06-01T00:00:00Z"
    assert email["versions"][1]["deprecated_at"] is None
    assert all(version["id"].isdigit() for item in found for version in item["versions"])
    assert "keyspace_permissions" not in email


def test_permissions_come_when_asked_for(caller):
    path = "/audience/sections/com.apsis1.sections.default"
    for kind in ("attributes", "tags"):
        found = items(caller.get(f"{path}/{kind}?include_keyspace_permissions=true"))[0]["keyspace_permissions"]
        assert {"keyspace_discriminator": "com.apsis1.keyspaces.export", "permissions": ["READ"]} in found
        assert "keyspace_permissions" not in items(caller.get(f"{path}/{kind}?include_keyspace_permissions=false"))[0]


def test_a_key_does_not_see_hidden_attributes(make):
    caller = make("demo-jonas")
    norge = caller.account().sections[1].discriminator
    assert "Födelsedatum" not in {item["name"] for item in items(caller.get(f"/audience/sections/{norge}/attributes"))}


def test_tags_and_events(caller):
    path = "/audience/sections/com.apsis1.sections.default"
    assert items(caller.get(f"{path}/tags"))[0]["versions"][0]["deprecated_at"] is None
    kinds = {event["name"]: event for event in items(caller.get(f"{path}/events"))}
    assert kinds["bokning"]["versions"][0]["schema"]["properties"]["amount"] == {"type": "number"}
    old, new = kinds["Sidbesök"]["versions"]
    assert (bool(old["deprecated_at"]), new["deprecated_at"]) == (True, None)
    assert set(old["schema"]["properties"]) != set(new["schema"]["properties"])
    assert new["schema"]["properties"]["referrer"] == {"type": ["string", "null"]}


def test_topics_folders_and_their_older_form(caller):
    path = "/audience/sections/com.apsis1.sections.default"
    topics = items(caller.get(f"/v2{path}/topics"))
    folders = {item["discriminator"] for item in items(caller.get(f"/v2{path}/topics/folders"))}
    assert {topic["folder_discriminator"] for topic in topics} == folders
    assert {topic["channel_discriminator"] for topic in topics} >= {None, "com.apsis1.channels.sms"}
    lists = items(caller.get(f"{path}/consent-lists"))
    assert {item["discriminator"] for item in lists} == folders
    within = items(caller.get(f"{path}/consent-lists/{lists[0]['discriminator']}/topics"))
    assert 0 < len(within) < len(topics)
    assert set(within[0]) == {"discriminator", "name"}
    assert caller.get(f"{path}/consent-lists/x/topics").status_code == 404


def test_consent_1_endpoints_are_blocked_by_switch(make):
    path = "/audience/sections/{}/consent-lists"
    caller = make(block_consent_1=True)
    assert caller.get(path.format("com.apsis1.sections.default")).json()["status"] == 403
    ingrid = make("demo-ingrid", block_consent_1=True)
    assert ingrid.get(path.format(ingrid.account("Fjordsport").sections[0].discriminator)).status_code == 200


def test_segments_with_and_without_a_last_slash_and_one_by_one(caller):
    found = items(caller.get("/audience/segments"))
    assert found == items(caller.get("/audience/segments/"))
    assert {"discriminator", "name", "description", "versions"} == set(found[0])
    one = f"/audience/segments/{found[0]['discriminator']}"
    assert caller.get(one).json() == found[0]
    version = caller.get(f"{one}/versions/{found[0]['versions'][0]['id']}").json()
    assert "profile" in version["definition"]
    assert caller.get(f"{one}/versions/1").status_code == 404
    assert caller.get("/audience/segments/x").status_code == 404


def test_an_unknown_section_is_404_and_one_out_of_reach_403(make):
    caller = make("demo-jonas")
    assert caller.get("/audience/sections/x/tags").json()["status"] == 404
    assert caller.get("/audience/sections/com.apsis1.sections.default/tags").json()["status"] == 403


def test_accounts_do_not_see_each_other(make):
    caller = make("demo-ingrid")
    assert caller.get("/audience/sections/com.apsis1.sections.default/tags").status_code == 404


def test_thousands_of_definitions_on_request(make):
    caller = make(segments=5000, attributes=2000, hostile_names=True)
    assert len(items(caller.get("/audience/segments"))) == 5000
    found = items(caller.get("/audience/sections/com.apsis1.sections.default/attributes"))
    assert len(found) == 2000
    assert any(item["name"].startswith("=HYPERLINK") for item in found)


def test_answers_may_come_wrapped(make):
    caller = make(wrapped_answers=True)
    assert set(caller.get("/audience/sections").json()) == {"data"}
    assert "file_download_url" in caller.ask().json()["data"]


# Poll URLs


def test_the_url_is_absolute_and_of_the_requests_own_host(caller):
    url = caller.ask().json()["file_download_url"]
    assert url.startswith("http://sandbox.test/audience/profiles/reports/consents/")
    assert "file_download_url_v2" not in caller.ask().json()


def test_404_while_preparing_200_when_ready_410_after_a_day(caller, time):
    url = caller.ask().json()["file_download_url"]
    answer = caller.get(url)
    assert answer.status_code == answer.json()["status"] == 404
    time.pass_by(5)
    assert caller.get(url).status_code == 200
    time.pass_by(86_400 - 10)
    caller.log_in()
    assert caller.get(url).status_code == 200
    time.pass_by(10)
    assert caller.get(url).status_code == 410


def test_a_wrong_id_is_410(caller):
    url = caller.poll_url()
    assert caller.get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 410
    assert caller.get(url.replace("/consents/", "/segments/")).status_code == 410


def test_the_newer_url_tells_waiting_from_wrong(make, time):
    caller = make(url_v2=True)
    url = caller.ask().json()["file_download_url_v2"]
    waiting = caller.get(url)
    assert (waiting.status_code, waiting.content) == (202, b"")
    time.pass_by(60)
    assert caller.get(url).status_code == 200
    assert caller.get(url + "x").status_code == 404
    time.pass_by(86_400)
    assert caller.log_in().get(url).status_code == 410


def test_another_account_gets_410_and_another_key_by_switch(make, caller, time):
    url = caller.poll_url()
    for client_id, status in (("demo-sofia", 200), ("demo-ingrid", 410), ("demo-anna", 200)):
        assert caller.log_in(client_id).get(url).status_code == status
    caller.switch(poll_by_same_key=True)
    assert caller.log_in("demo-sofia").get(url).status_code == 410


def test_a_slow_segment_takes_its_time(make, time):
    caller = make()
    slow, quick = (next(s for s in caller.account().segments if s.is_slow is flag) for flag in (True, False))
    caller.switch(segment_seconds={quick.discriminator: 20})
    url = caller.ask(segments={"segment_discriminators": {"all": slow.discriminator}}).json()["file_download_url"]
    time.pass_by(43)
    assert caller.get(url).status_code == 404
    time.pass_by(1)
    assert caller.get(url).status_code == 200
    url = caller.ask(segments={"segment_discriminators": {"w": quick.discriminator}}).json()["file_download_url"]
    time.pass_by(18)
    assert caller.get(url).status_code == 404
    time.pass_by(1)
    assert caller.get(url).status_code == 200


def test_the_same_url_any_number_of_times_in_any_form(caller):
    url = caller.poll_url(
        attributes=[
            {"field_name": "Noter", "attribute_version_id": caller.version(caller.account().sections[0], "notes")}
        ]
    )
    plain = caller.get(url)
    assert plain.headers["content-type"] == "text/csv;charset=UTF-8;header=present"
    assert "content-encoding" not in plain.headers
    squeezed = caller.get(url, Accept_Encoding="gzip")
    assert squeezed.headers["content-encoding"] == "gzip"
    assert squeezed.content == plain.content
    book = caller.get(url, Accept=XLSX)
    assert book.headers["content-type"] == XLSX
    assert (
        book.content
        == caller.get(url, Accept=XLSX).content
        == caller.get(url, Accept=XLSX, Accept_Encoding="gzip").content
    )
    rows = list(openpyxl.load_workbook(io.BytesIO(book.content)).active.iter_rows())
    assert [cell.value for cell in rows[0]] == ["export_key", "EmailConsent", "SmsConsent", "Noter"]
    assert len(rows) == 401
    assert {cell.data_type for row in rows for cell in row if cell.value is not None} <= {"s", "inlineStr"}
    assert any(str(row[3].value).startswith("=SUMMA") for row in rows)
    assert caller.get(url).content == plain.content


@pytest.mark.parametrize("accept", ["*/*", "text/csv", "application/json", f"text/csv, {XLSX};q=0.5"])
def test_csv_is_the_rule(caller, accept):
    assert caller.get(caller.poll_url(), Accept=accept).headers["content-type"].startswith("text/csv")


def test_refused_gzip_is_not_sent(caller):
    assert "content-encoding" not in caller.get(caller.poll_url(), Accept_Encoding="gzip;q=0").headers


def test_length_and_line_ends_by_switch(make):
    caller = make(content_length=True, line_ends="crlf")
    answer = caller.get(caller.poll_url())
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.content.count(b"\r\n") == 401


def test_an_export_is_a_snapshot(caller):
    url = caller.poll_url()
    before = caller.get(url).content
    caller.switch(profiles=50, seed=2)
    assert caller.get(url).content == before


def test_a_prepared_file_is_served_instead(make, tmp_path):
    path = tmp_path / "big.csv"
    path.write_bytes(b"export_key,Email\nk,anna@example.com\n")
    caller = make(prepared=str(path))
    url = caller.poll_url()
    assert caller.get(url).content == path.read_bytes()
    assert caller.get(url, Accept_Encoding="gzip").content == path.read_bytes()
    (tmp_path / "big.csv.gz").write_bytes(gzip.compress(b"from the other file"))
    assert caller.get(url, Accept_Encoding="gzip").content == b"from the other file"
    path.unlink()
    assert caller.get(url).json()["status"] == 500


# Limits


def test_one_export_request_a_second(make):
    caller = make()
    time, caller.time = caller.time, None
    assert [caller.ask().status_code for _ in range(2)] == [202, 429]
    time.pass_by(1)
    assert caller.ask().status_code == 202


def test_too_many_pending_exports(make, time):
    caller = make(pending_exports=2, prepare_seconds=60)
    assert [caller.ask().status_code for _ in range(3)] == [202, 202, 429]
    time.pass_by(60)
    assert caller.ask().status_code == 202


def test_sixty_polls_and_downloads_a_minute_shared_by_the_account(make, time):
    caller = make(tokens_per_minute=0)
    url = caller.poll_url()
    assert {caller.get(url).status_code for _ in range(30)} == {200}
    caller.log_in("demo-sofia")
    assert {caller.get(url + "x").status_code for _ in range(30)} == {410}
    time.pass_by(59)
    assert caller.get(url).json() == {"message": "Too Many Requests"}
    time.pass_by(1)
    assert caller.get(url).status_code == 200


def test_a_hundred_calls_a_second(caller):
    assert {caller.get("/audience/channels").status_code for _ in range(100)} == {200}
    assert caller.get("/audience/channels").status_code == 429


def test_a_body_over_the_limit_is_413_in_the_gateways_shape(caller):
    answer = caller.post("/audience/profiles/reports/consents", {"x": "y" * 100_000})
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Too Long"})


def test_percent_encoded_parts_are_decoded(caller):
    assert (
        caller.get(
            "/audience/sections/" + quote("com.apsis1.sections.default").replace(".", "%2E") + "/tags"
        ).status_code
        == 200
    )
