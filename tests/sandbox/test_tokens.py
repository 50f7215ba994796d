import json
from base64 import urlsafe_b64decode

import pytest

GOOD = {"grant_type": "client_credentials", "client_id": "demo-anna", "client_secret": "demo-anna-secret"}


def claims(token: str, part: int = 1) -> dict[str, object]:
    text = token.split(".")[part]
    return json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_a_token_is_a_jwt_with_exp_in_unix_seconds(caller, time):
    answer = caller.http.post("/oauth/token", json=GOOD).json()
    assert (answer["expires_in"], answer["token_type"]) == (86_400, "Bearer")
    assert answer["access_token"].count(".") == 2
    assert claims(answer["access_token"], 0)["alg"] == "RS256"
    assert claims(answer["access_token"])["exp"] == int(time.now) + 86_400


def test_a_form_works_as_well(caller):
    assert caller.http.post("/oauth/token", data=GOOD).status_code == 200


def test_exp_may_come_earlier_than_expires_in_says(make, time):
    caller = make(exp_earlier_seconds=80_000)
    assert caller.http.post("/oauth/token", json=GOOD).json()["expires_in"] == 86_400
    assert claims(caller.token)["exp"] == int(time.now) + 6_400
    time.pass_by(6_401)
    assert caller.get("/audience/sections").status_code == 403


@pytest.mark.parametrize(
    "change", [{"client_id": "demo-nobody"}, {"client_secret": "no"}, {"client_id": "demo-refused"}]
)
def test_wrong_credentials_get_a_problem(make, change):
    caller = make(wrong_credentials_status=400)
    answer = caller.http.post("/oauth/token", json=GOOD | change)
    assert answer.status_code == answer.json()["status"] == 400
    assert "title" in answer.json()
    caller.switch(wrong_credentials_status=401)
    assert caller.http.post("/oauth/token", json=GOOD | change).status_code == 401


@pytest.mark.parametrize("missing", GOOD)
def test_every_field_is_required(caller, missing):
    answer = caller.http.post("/oauth/token", json={name: text for name, text in GOOD.items() if name != missing})
    assert answer.status_code == 400
    assert missing in answer.json()["detail"]


def test_a_body_that_is_nothing_is_refused(caller):
    assert caller.http.post("/oauth/token", content=b"\xff{").status_code == 400
    assert caller.http.post("/oauth/token", json=[]).status_code == 400


def test_ten_a_minute_counted_per_account(make, time):
    caller = make()
    for _ in range(9):
        assert caller.http.post("/oauth/token", json=GOOD).status_code == 200
    sofia = GOOD | {"client_id": "demo-sofia", "client_secret": "demo-sofia-secret"}
    answer = caller.http.post("/oauth/token", json=sofia)
    assert (answer.status_code, answer.json()) == (429, {"message": "Too Many Requests"})
    assert "retry-after" not in answer.headers
    time.pass_by(61)
    assert caller.http.post("/oauth/token", json=sofia).status_code == 200


def test_an_expired_token_is_denied_in_the_gateways_shape(caller, time):
    time.pass_by(86_400)
    answer = caller.get("/audience/sections")
    assert answer.status_code == 403
    assert answer.json() == {"message": "User is not authorized to access this resource with an explicit deny"}


def test_a_deleted_key_stops_at_once_and_may_come_back(caller):
    assert caller.http.delete("/_sandbox/keys/demo-anna").status_code == 204
    assert caller.get("/audience/sections").status_code == 403
    assert caller.http.post("/oauth/token", json=GOOD).status_code == 401
    caller.http.put("/_sandbox/keys/demo-anna")
    assert caller.get("/audience/sections").status_code == 200


def test_a_key_has_others_like_it_with_tokens_of_their_own(caller):
    seventh = GOOD | {"client_id": "demo-anna.7"}
    token = caller.http.post("/oauth/token", json=seventh).json()["access_token"]
    assert caller.http.delete("/_sandbox/keys/demo-anna.7").status_code == 204
    assert caller.http.post("/oauth/token", json=seventh).status_code == 401
    headers = {"Authorization": f"Bearer {token}"}
    assert caller.http.get("/audience/sections", headers=headers).status_code == 403
    assert caller.get("/audience/sections").status_code == 200
    assert caller.http.post("/oauth/token", json=GOOD | {"client_id": "demo-nobody.7"}).status_code == 401
