"""With what services are asked: the operator's credentials, the environment's, or none."""

import json
import ssl
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import pytest
from msgspec.structs import replace

from reconciler.buckets.bucket import AbsentError, BucketError, DeniedError, UnavailableError
from reconciler.buckets.folder import FolderBucket
from reconciler.buckets.opening import Buckets
from reconciler.model.data import Bucket
from reconciler.model.operator import Credential, SecretPlace
from tests.buckets.conftest import HASTE, credential
from tests.support.certificates import Authority
from tests.support.relay import Relay
from tests.support.s3 import OWNER, STRANGER, S3Server


class Metadata:
    """What tells a machine of a cloud which role it has, and the role's keys."""

    def __init__(self, role: str) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(role))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @staticmethod
    def _handler(role: str) -> type[BaseHTTPRequestHandler]:
        base = "/latest/meta-data/iam/security-credentials/"
        keys = {
            "AccessKeyId": OWNER.access,
            "SecretAccessKey": OWNER.secret,
            "Token": "",
            "Expiration": "2099-01-01T00:00:00Z",
            "Code": "Success",
        }
        answers = {"/latest/api/token": "token", base: role, base + role: json.dumps(keys)}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if role else 404)
                self.end_headers()
                self.wfile.write(answers.get(self.path, "").encode())

            do_PUT = do_GET  # noqa: N815  # so that the server finds it

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "REGION", "ENDPOINT_URL"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)


def s3(place: str, endpoint: str, credentials: str = "", *, ambient: bool = False) -> Bucket:
    return Bucket(
        name="lab",
        url=f"s3://{place}",
        endpoint=endpoint,
        credentials=credentials,
        ambient=ambient,
    )


def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OWNER.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", OWNER.secret)


def test_a_bucket_is_opened_once() -> None:
    buckets = Buckets({"lab": Bucket(name="lab", url="file:///srv/../srv/lab")}, {})
    assert isinstance(buckets.open("lab"), FolderBucket)
    assert buckets.open("lab") is buckets.open("lab")
    buckets.close()


def test_a_bucket_that_nobody_declares_is_told() -> None:
    with pytest.raises(AbsentError, match="declares a bucket lap; declared: lab"):
        Buckets({"lab": Bucket(name="lab", url="file:///srv")}, {}).open("lap")


def test_no_link_leads_a_bucket_to_what_is_closed(tmp_path: Path) -> None:
    (tmp_path / "results").symlink_to("/etc")
    declared = Bucket(name="lab", url=f"file://{tmp_path}/results/ssl")
    with pytest.raises(DeniedError, match="leads to /etc/ssl, and may not: it would hand over"):
        Buckets({"lab": declared}, {}).open("lab")


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, "the operator has no credentials lab; add them"),
        ({"lab": Credential(user="me")}, "none for S3; give them accessKey and secretKey"),
        (
            {"lab": Credential(access_key=SecretPlace(env="A"), secret_key=SecretPlace(env="B"))},
            "the credentials lab: the variable A is not set",
        ),
    ],
)
def test_credentials_that_are_not_there_are_told(known: dict[str, Credential], said: str) -> None:
    buckets = Buckets({"lab": s3("place", "http://127.0.0.1:9", "lab")}, known)
    with pytest.raises(DeniedError, match=f"bucket lab: .*{said}"):
        buckets.open("lab")


def test_an_authority_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    known = {"lab": Credential(role=True, ca=str(tmp_path / "ca.pem"))}
    with pytest.raises(BucketError, match=r"ca: .*ca\.pem cannot be read"):
        Buckets({"lab": s3("place", "https://127.0.0.1:9", "lab")}, known).open("lab")


def test_the_environment_does_not_get_into_named_credentials(
    server: S3Server, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "other")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "other")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    known = {"lab": credential(OWNER, tmp_path)}
    bucket = Buckets({"lab": s3(place, server.url, "lab", ambient=True)}, known, HASTE).open("lab")
    bucket.write("a", [b"x"])
    assert [entry.name for entry in bucket.list()] == ["a"]


def test_the_environment_counts_where_it_may(
    server: S3Server, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_environment(monkeypatch)
    allowed = s3(place, server.url, ambient=True)
    Buckets({"lab": allowed}, {}, HASTE).open("lab").write("a", [b"x"])
    refused = Buckets({"lab": s3(place, server.url)}, {}, HASTE).open("lab")
    with pytest.raises(DeniedError, match="requests without credentials"):
        list(refused.list())


def test_a_role_is_what_the_environment_says(
    server: S3Server, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_environment(monkeypatch)
    known = {"lab": Credential(role=True)}
    Buckets({"lab": s3(place, server.url, "lab")}, known, HASTE).open("lab").write("a", [b"x"])


def test_a_role_that_is_not_to_be_had_is_told(
    server: S3Server, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"lab": Credential(role=True)}
    declared = {"lab": s3(place, server.url, "lab")}
    with Metadata("") as metadata:
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", metadata.url)
        with pytest.raises(DeniedError, match="the credentials lab are not to be had"):
            list(Buckets(declared, known, HASTE).open("lab").list())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "half of it")
    with pytest.raises(DeniedError, match="the credentials lab are not to be had"):
        Buckets(declared, known, HASTE).open("lab")


def test_a_role_can_be_the_machines(
    server: S3Server, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Metadata("lab-machine") as metadata:
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", metadata.url)
        known = {"lab": Credential(role=True)}
        bucket = Buckets({"lab": s3(place, server.url, "lab")}, known, HASTE).open("lab")
        bucket.write("a", [b"x"])
        assert [entry.name for entry in bucket.list()] == ["a"]
        # Who has not named the role does not get it.
        unnamed = s3(place, server.url, ambient=True)
        with pytest.raises(DeniedError, match="requests without credentials"):
            list(Buckets({"lab": unnamed}, {}, HASTE).open("lab").list())


def test_keys_are_read_when_they_are_used(
    server: S3Server, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.buckets.opening._FRESH", timedelta(seconds=-1))
    known = {"lab": credential(STRANGER, tmp_path)}
    bucket = Buckets({"lab": s3(place, server.url, "lab")}, known, HASTE).open("lab")
    with pytest.raises(DeniedError):
        list(bucket.list())
    credential(OWNER, tmp_path)
    assert list(bucket.list()) == []


def test_only_an_authority_that_is_named_is_believed(
    server: S3Server, place: str, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "tls")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.sign("server", "127.0.0.1"))
    keys = credential(OWNER, tmp_path)
    with Relay(server.port, tls) as relay:
        declared = {"lab": s3(place, relay.url, "lab")}
        stranger = Buckets(declared, {"lab": keys}, HASTE).open("lab")
        with pytest.raises(UnavailableError, match="its certificate is not trusted; name its auth"):
            list(stranger.list())
        known = {"lab": replace(keys, ca=str(authority.ca))}
        Buckets(declared, known, HASTE).open("lab").write("a", [b"x"])
