"""The buckets that manifests declare, opened with the operator's credentials.

Decides what a service is asked with, and how long it may keep silent. Keys are read when they are
used and asked for anew each minute, so that changed ones count without a restart. Must not know
what is carried.
"""

import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from reconciler.buckets.bucket import AbsentError, Bucket, BucketError, DeniedError
from reconciler.buckets.failures import Where, worded
from reconciler.buckets.folder import FolderBucket
from reconciler.buckets.service import ServiceBucket
from reconciler.model import data
from reconciler.model.operator import Credential, SecretPlace
from reconciler.model.policy import FOLDER
from reconciler.secrets import Secret, SecretError

if TYPE_CHECKING:
    from obstore.store import S3Credential, S3Store

_REGION: Final = "us-east-1"
_FRESH: Final = timedelta(minutes=1)
# What of the reconciler's own environment says who it is.
_OWN: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


class Patience(Struct, frozen=True, kw_only=True):
    """How long a service is waited for, in seconds; `retry` bounds all tries of one request.

    `writing` is longer than `reading`: nothing comes back while a part is on its way.
    """

    connect: float = 10.0
    reading: float = 60.0
    writing: float = 300.0
    retry: float = 10.0
    tries: int = 4


class Buckets:
    """Declared buckets by name. One object serves all threads."""

    def __init__(
        self,
        declared: Mapping[str, data.Bucket],
        credentials: Mapping[str, Credential],
        patience: Patience | None = None,
    ) -> None:
        self._declared = declared
        self._credentials = credentials
        self._patience = patience or Patience()
        self._open: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def open(self, name: str) -> Bucket:
        """Return a bucket. Nothing is asked of a service yet.

        Raises:
            AbsentError: no manifest declares it.
            DeniedError: its credentials are not there, or cannot be read.
        """
        with self._lock:
            if name not in self._open:
                self._open[name] = self._opened(name)
            return self._open[name]

    def close(self) -> None:
        """Give back what is open."""
        with self._lock:
            for bucket in self._open.values():
                bucket.close()
            self._open.clear()

    def _opened(self, name: str) -> Bucket:
        declared = self._declared.get(name)
        if declared is None:
            known = ", ".join(sorted(self._declared)) or "none"
            raise AbsentError(f"no manifest declares a bucket {name}; declared: {known}")
        scheme, _, rest = declared.url.partition("://")
        if scheme == "file":
            return _folder(name, rest)
        return _service(declared, self._credential(declared), self._patience)

    def _credential(self, declared: data.Bucket) -> Credential | None:
        if not declared.credentials:
            return None
        credential = self._credentials.get(declared.credentials)
        if credential is None:
            raise DeniedError(
                f"bucket {declared.name}: the operator has no credentials {declared.credentials};"
                " add them to the operator's configuration"
            )
        if not credential.role and not (credential.access_key and credential.secret_key):
            raise DeniedError(
                f"bucket {declared.name}: the credentials {declared.credentials} are none for S3;"
                " give them accessKey and secretKey, or role: true"
            )
        return credential


def _folder(name: str, path: str) -> Bucket:
    """Return a folder as a bucket, unless links lead it to where no manifest may reach.

    Manifests are judged by what is written in them.
    """
    real = os.path.realpath(path)
    if reason := FOLDER.closes(real):
        raise DeniedError(f"bucket {name}: {path} leads to {real}, and may not: {reason}")
    return FolderBucket(name, path)


def _service(declared: data.Bucket, credential: Credential | None, patience: Patience) -> Bucket:
    bucket, _, prefix = declared.url.removeprefix("s3://").partition("/")
    ambient = declared.ambient and any(os.environ.get(name) for name in _OWN)
    region = declared.region or (_own_region() if declared.ambient else "") or _REGION
    endpoint = (declared.endpoint or _standard(region)).rstrip("/")
    config = {
        "endpoint": endpoint,
        # Given both, the library would believe the environment's.
        "aws_endpoint_url_s3": endpoint,
        "region": region,
        "virtual_hosted_style_request": False,
        "disable_bulk_delete": True,
        "unsigned_payload": False,
        "skip_signature": credential is None and not ambient,
    }
    keys, said = _keys(declared, credential, ambient=ambient)
    where = Where(declared.name, f"s3://{bucket} at {endpoint}", said)
    clients = [
        _client(declared.name, endpoint, credential, silence, patience)
        for silence in (patience.reading, patience.writing)
    ]
    try:
        reader, writer = (_store(bucket, config, client, keys, patience) for client in clients)
    except Exception as error:
        raise worded(error, where) from error
    return ServiceBucket(where, prefix, reader, writer)


def _keys(
    declared: data.Bucket, credential: Credential | None, *, ambient: bool
) -> "tuple[Callable[[], S3Credential] | None, str]":
    """Return what gives keys, None for the library's own ways, and what they are called."""
    if credential is None:
        return (
            None,
            "the reconciler's own credentials" if ambient else "requests without credentials",
        )
    said = f"the credentials {declared.credentials}"
    if credential.role:
        return None, said
    places = (credential.access_key, credential.secret_key, credential.session_token)
    _read(places, declared)  # what is missing is told at once

    def give() -> "S3Credential":
        key, secret, token = _read(places, declared)
        return {
            "access_key_id": key,
            "secret_access_key": secret,
            "token": token or None,
            "expires_at": datetime.now(UTC) + _FRESH,
        }

    return give, said


def _read(places: tuple[SecretPlace | None, ...], declared: data.Bucket) -> list[str]:
    try:
        return [Secret.at(place).word() if place else "" for place in places]
    except SecretError as error:
        raise DeniedError(
            f"bucket {declared.name}: the credentials {declared.credentials}: {error}"
        ) from error


def _store(
    bucket: str,
    config: Mapping[str, Any],
    client: Mapping[str, Any],
    keys: "Callable[[], S3Credential] | None",
    patience: Patience,
) -> "S3Store":
    from obstore.store import S3Store  # noqa: PLC0415  # half of our commands never need it

    return S3Store(
        bucket,
        config=config,  # type: ignore[arg-type]  # a mapping of exactly these
        client_options=client,  # type: ignore[arg-type]  # as above
        retry_config={
            "max_retries": patience.tries,
            "retry_timeout": timedelta(seconds=patience.retry),
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=2),
                "base": 2,
            },
        },
        credential_provider=keys,
    )


def _client(
    name: str, endpoint: str, credential: Credential | None, silence: float, patience: Patience
) -> dict[str, Any]:
    options: dict[str, Any] = {
        "allow_http": endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=patience.connect),
        "read_timeout": timedelta(seconds=silence),
        # Whoever is slow and goes on is waited for.
        "timeout": timedelta(days=30),
    }
    if credential and credential.ca:
        options["root_certificate"] = _authorities(credential.ca, name)
    if credential and credential.proxy:
        options["proxy_url"] = credential.proxy
    return options


def _authorities(path: str, name: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BucketError(f"bucket {name}: ca: {path} cannot be read: {error.strerror}") from error


def _own_region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""


def _standard(region: str) -> str:
    return f"https://s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
