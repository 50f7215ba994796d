"""Workers on two hosts, on one database and one broker. One of them is cut off in the middle of a file."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest

from supervisor import programs
from tests.databases import ON_POSTGRESQL
from tests.processes.conftest import Desk, codes, stored
from tests.processes.hosts import Host, Network, hosts
from tests.processes.program import Program

LEASE = 5.0  # seconds, of these two workers


@pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite is a file of one machine")
def test_a_host_that_was_cut_off_in_the_middle_of_a_file_changes_nothing(desk: Desk) -> None:
    desk.files.kill()  # the files are fetched on the two hosts, and the short steps here
    with hosts(2) as (network, (first, second)):
        there, other = (_worker(desk, network, host) for host in (first, second))
        try:
            body = desk.hold_body(skip=1)
            run = desk.run(at=_at(network, desk.sandbox_url))
            there.start()
            body.reached()
            claim = desk.until(run, lambda run: len(stored(run)) == 1).claim_no

            first.cut_off()
            cut_at = time.monotonic()
            other.start()
            run = desk.until_over(run)
            assert run.claim_no > claim
            assert time.monotonic() - cut_at > LEASE / 2, "it had to wait for the lease of the one that was cut off"
            assert len(stored(run)) == 1, "what that one had was swept away"
            version, log = run.version, codes(run)

            body.release()  # the rest of the file is on its way to the host that cannot be reached
            first.plug_in()
            there.until_it_says("claim ended", f"run={run.pk}", f"claim={claim}", within=60)
            run = desk.until_ready(run)
            assert (run.version, codes(run)) == (version, log)
            assert log == ["asked", "requested", "ready_upstream", "fetched", "verified"]
            assert desk.asked_for(run)["consent_export"] == 1
        finally:
            for worker in (there, other):
                worker.kill()


def _worker(desk: Desk, network: Network, host: Host) -> Program:
    """Return a worker for files on a host, which reaches database and broker by its cable."""
    environment = dict(desk.files.environment) | {"RUN_LEASE": str(LEASE)}
    for name in ("DATABASE_URL", "BROKER_URL", "CACHE_URL"):
        environment[name] = _at(network, environment[name])
    return Program(host.name, host.command(programs.FILES.command), environment, desk.folder / f"{host.name}.log")


def _at(network: Network, url: str) -> str:
    """Return the URL by which a server of this machine is reached from the hosts."""
    parts = urlsplit(url)
    assert parts.hostname
    port = network.forward(parts.hostname, parts.port or 5432)
    who, at, _place = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{who}{at}{network.address}:{port}").geturl()
