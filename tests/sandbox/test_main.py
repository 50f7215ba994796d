import subprocess
import sys

import httpx
import pytest

pytestmark = pytest.mark.processes


def run(*flags):
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *flags], capture_output=True, text=True, timeout=20, check=False
    )


def test_a_taken_port_is_one_sentence_and_1(server):
    done = run("--port", server.rpartition(":")[2])
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "cannot listen at 127.0.0.1" in done.stderr
    assert done.stdout == ""


def test_a_wrong_switch_is_one_sentence_and_2():
    done = run("--profiles", "3")
    assert done.returncode == 2
    assert "profiles" in done.stderr
    assert done.stderr.count("\n") == 1


def test_it_stops_cleanly_even_with_calls_held(start):
    process, address = start("--prepare-seconds=0")
    with httpx.Client(base_url=address) as http:
        number = http.post("/_sandbox/faults", json={"endpoint": "token", "answer": "hold"}).json()["id"]
        with pytest.raises(httpx.ReadTimeout):
            http.post("/oauth/token", json={}, timeout=0.3)
        assert http.get(f"/_sandbox/faults/{number}").json()["holding"] == 1
    process.terminate()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    # On a slow machine the held call is not given up within its second, and the server says whom it did not wait for.
    assert "Traceback" not in err
    assert err.count("\n") == err.count("was sent SIGKILL") <= 1


def test_flags_and_environment_reach_it(start, monkeypatch):
    monkeypatch.setenv("SANDBOX_PROFILES", "77")
    _, address = start("--url-v2")
    switches = httpx.get(f"{address}/_sandbox/switches").json()
    assert (switches["profiles"], switches["url_v2"]) == (77, True)
