"""Whose certificates are believed."""

import queue
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from reconciler.forges import State
from tests.forges.conftest import SHA, Opener
from tests.support.forge import WITHIN, stand_in

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes certificates")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    made = tmp_path / "own.pem"
    name = ["-subj", "/CN=lab", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *name]
    subprocess.run(
        [*command, "-keyout", tmp_path / "key.pem", "-out", made], check=True, capture_output=True
    )
    return made


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context


def test_a_ca_of_ones_own(opened: Opener, tls: ssl.SSLContext, certificate: Path) -> None:
    with stand_in(tls) as forge:
        statuses = opened(source=f"{forge.url}/lab/fleet", ca=str(certificate))
        statuses.say(SHA, State.SUCCESS, "done")
        assert forge.next().path == f"/api/v1/repos/lab/fleet/statuses/{SHA}"


def test_an_unknown_ca(opened: Opener, tls: ssl.SSLContext, told: queue.Queue[str]) -> None:
    with stand_in(tls) as forge:
        opened(source=f"{forge.url}/lab/fleet").say(SHA, State.SUCCESS, "done")
        assert "its certificate is not trusted: self-signed" in told.get(timeout=WITHIN)
        assert forge.asked.empty()
