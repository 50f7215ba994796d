import pytest


def test_health(caller):
    assert caller.http.get("/_sandbox/health").json() == {"status": "ok"}


def test_switches_are_shown_set_and_set_back(caller):
    assert caller.http.get("/_sandbox/switches").json()["profiles"] == 400
    assert caller.http.patch("/_sandbox/switches", json={"url_v2": True}).json()["url_v2"] is True
    assert "file_download_url_v2" in caller.ask().json()
    assert caller.http.delete("/_sandbox/switches").json()["url_v2"] is False


@pytest.mark.parametrize("content", [{"nothing": 1}, {"profiles": "many"}, [], "x"])
def test_a_wrong_switch_changes_nothing(caller, content):
    assert caller.http.patch("/_sandbox/switches", json=content).status_code == 400
    assert caller.http.get("/_sandbox/switches").json()["profiles"] == 400


def test_calls_are_counted_and_listed_without_secrets(caller):
    caller.get("/audience/sections")
    caller.get(caller.poll_url())
    caller.get("/nothing")
    answer = caller.http.get("/_sandbox/calls")
    assert answer.json()["counts"] == {"consent_export": 1, "download": 1, "sections": 1, "token": 1, "unknown": 1}
    last = answer.json()["last"]
    assert [(call["method"], call["endpoint"], call["status"]) for call in last] == [
        ("POST", "token", 200),
        ("GET", "sections", 200),
        ("POST", "consent_export", 202),
        ("GET", "download", 200),
        ("GET", "unknown", 403),
    ]
    assert last[1]["client_id"] == "demo-anna"
    assert "secret" not in answer.text
    assert caller.token not in answer.text


def test_the_clock_can_be_set_ahead(caller):
    url = caller.ask().json()["file_download_url"]
    assert caller.get(url).status_code == 404
    now = caller.http.get("/_sandbox/clock").json()["now"]
    assert caller.http.post("/_sandbox/clock", json={"advance_seconds": 60}).json()["now"] == now + 60
    assert caller.get(url).status_code == 200
    assert caller.http.post("/_sandbox/clock", json={"advance_seconds": "1"}).status_code == 400


def test_all_tokens_at_once(caller):
    assert caller.http.get("/_sandbox/tokens").json() == {"items": [caller.token]}
    assert caller.http.post("/_sandbox/tokens/expire").status_code == 204
    assert caller.http.get("/_sandbox/tokens").json() == {"items": []}
    assert caller.get("/audience/sections").status_code == 403


def test_keys_are_shown_without_secrets(caller):
    caller.http.delete("/_sandbox/keys/demo-jonas")
    answer = caller.http.get("/_sandbox/keys")
    assert {item["client_id"]: item["works"] for item in answer.json()["items"]} == {
        "demo-anna": True,
        "demo-sofia": True,
        "demo-jonas": False,
        "demo-refused": False,
        "demo-ingrid": True,
    }
    assert "secret" not in answer.text
    assert caller.http.delete("/_sandbox/keys/demo-nobody").status_code == 404


def test_reset_begins_anew(caller, time):
    url = caller.poll_url()
    caller.switch(profiles=50)
    caller.fault("sections", "drop")
    caller.http.delete("/_sandbox/keys/demo-sofia")
    caller.http.post("/_sandbox/clock", json={"advance_seconds": 60})
    assert caller.http.post("/_sandbox/reset").status_code == 204
    assert caller.get("/audience/sections").status_code == 403
    caller.log_in("demo-sofia")
    assert caller.get("/audience/sections").status_code == 200
    assert caller.get(url).status_code == 410
    assert caller.http.get("/_sandbox/switches").json()["profiles"] == 400
    assert caller.http.get("/_sandbox/clock").json() == {"now": time.now, "ahead_seconds": 0}
    assert caller.http.get("/_sandbox/faults").json() == {"items": []}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "nothing"), ("GET", "reset"), ("POST", "health"), ("GET", "faults/x"), ("GET", "faults/77")],
)
def test_other_controls_are_404(caller, method, path):
    assert caller.http.request(method, f"/_sandbox/{path}").status_code == 404


def test_a_body_that_is_no_json_is_400(caller):
    assert caller.http.post("/_sandbox/faults", content=b"{").status_code == 400
    assert caller.http.post("/_sandbox/release", json={"ids": 1}).status_code == 400
