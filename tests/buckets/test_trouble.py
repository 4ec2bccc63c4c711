"""Services that refuse, are away, dawdle and break off: what is told, and what is gone on with."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from reconciler.buckets.bucket import (
    AbsentError,
    Bucket,
    BucketError,
    DeniedError,
    UnavailableError,
)
from tests.buckets.conftest import NO_PATIENCE, Opens
from tests.support.relay import Relay
from tests.support.s3 import FORGED, READER, STRANGER, Keys

MIB = 1024 * 1024


def uses(bucket: Bucket) -> list[Callable[[], object]]:
    return [
        lambda: [*bucket.list()],
        lambda: bucket.look("a"),
        lambda: bucket.write("a", [b"x"]),
        lambda: bucket.write("a", (bytes(MIB) for _ in range(20))),
        lambda: bucket.remove("a"),
        lambda: bucket.copy("a", "b"),
    ]


@pytest.mark.parametrize("keys", [STRANGER, FORGED, None])
def test_wrong_keys_and_none_are_told(opens: Opens, place: str, keys: Keys | None) -> None:
    bucket = opens(f"s3://{place}", keys)
    whose = "the credentials lab" if keys else "requests without credentials"
    for use in uses(bucket):
        with pytest.raises(DeniedError, match=rf"bucket lab \(s3://{place} at http://.*{whose}"):
            use()
    with pytest.raises(DeniedError) as told:
        [*bucket.list()]
    assert "secret" not in str(told.value)
    if keys:
        assert "are not accepted" in str(told.value)


def test_who_may_only_read_is_told_so(opens: Opens, place: str) -> None:
    opens(f"s3://{place}").write("a", [b"x"])
    bucket = opens(f"s3://{place}", READER)
    entry = bucket.look("a")
    assert entry is not None
    assert [*bucket.list()] == [entry]
    assert b"".join(bucket.read(entry)) == b"x"
    for use in (lambda: bucket.write("a", [b"y"]), lambda: bucket.remove("a")):
        with pytest.raises(DeniedError, match="credentials lab do not allow this for a"):
            use()


def test_a_bucket_that_is_missing_is_told(opens: Opens) -> None:
    bucket = opens("s3://no-such-bucket")
    with pytest.raises(AbsentError, match="there is no such bucket; make it"):
        [*bucket.list()]
    with pytest.raises(BucketError):
        bucket.write("a", [b"x"])


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("http://127.0.0.1:9", "nobody listens there"),
        ("http://no.such.host.invalid", "host's name is not found"),
    ],
)
def test_a_service_that_is_not_there_is_told(
    opens: Opens, place: str, endpoint: str, said: str
) -> None:
    bucket = opens(f"s3://{place}", endpoint=endpoint)
    for use in uses(bucket):
        with pytest.raises(UnavailableError, match=said):
            use()


def test_https_where_there_is_none_is_told(opens: Opens, place: str, relay: Relay) -> None:
    bucket = opens(f"s3://{place}", endpoint=relay.url.replace("http:", "https:"))
    with pytest.raises(UnavailableError, match="it does not speak https"):
        [*bucket.list()]


def test_a_service_that_keeps_silent_is_told(opens: Opens, place: str, relay: Relay) -> None:
    relay.silent = True
    bucket = opens(f"s3://{place}", endpoint=relay.url, patience=NO_PATIENCE)
    for use in (lambda: [*bucket.list()], lambda: bucket.write("a", [b"x"])):
        with pytest.raises(UnavailableError, match="no answer in time"):
            use()


def test_a_service_comes_back(opens: Opens, place: str, relay: Relay) -> None:
    bucket = opens(f"s3://{place}", endpoint=relay.url)
    bucket.write("a", [b"x"])
    relay.go()
    for use in uses(bucket):
        with pytest.raises(UnavailableError):
            use()
    relay.come()
    assert [entry.name for entry in bucket.list()] == ["a"]
    bucket.write("b", [b"y"])


def test_a_short_absence_is_not_noticed(opens: Opens, place: str, relay: Relay) -> None:
    bucket = opens(f"s3://{place}", endpoint=relay.url)
    bucket.write("a", [b"x"])
    relay.go()
    threading.Timer(0.1, relay.come).start()
    assert bucket.look("a") is not None


def test_a_read_that_breaks_off_is_gone_on_with(opens: Opens, place: str, relay: Relay) -> None:
    bucket = opens(f"s3://{place}", endpoint=relay.url)
    content = bytes(range(256)) * 4 * 1024 * 24
    entry = bucket.write("a", [content])
    relay.cut_after, relay.cuts = 9 * MIB, 2
    assert b"".join(bucket.read(entry)) == content
    assert relay.cuts == 0


def test_a_read_that_always_breaks_off_ends(opens: Opens, place: str, relay: Relay) -> None:
    bucket = opens(f"s3://{place}", endpoint=relay.url)
    entry = bucket.write("a", [bytes(8 * MIB)])
    relay.cut_after, relay.cuts = 1000, 1000
    with pytest.raises(UnavailableError):
        [*bucket.read(entry)]


def test_a_write_that_is_cut_is_repeated_or_leaves_nothing(
    opens: Opens, place: str, relay: Relay
) -> None:
    bucket = opens(f"s3://{place}", endpoint=relay.url)

    def content() -> Iterator[bytes]:
        for number in range(40):
            if number == 20:
                relay.go()
            yield bytes(MIB)

    with pytest.raises(UnavailableError):
        bucket.write("a", content())
    relay.come()
    assert [*bucket.list()] == []
    bucket.write("a", (bytes(MIB) for _ in range(40)))
    assert [(entry.name, entry.size) for entry in bucket.list()] == [("a", 40 * MIB)]


def test_who_is_slow_and_goes_on_is_waited_for(opens: Opens, place: str, relay: Relay) -> None:
    bucket = opens(f"s3://{place}", endpoint=relay.url)
    entry = bucket.write("a", [bytes(2 * MIB)])
    relay.pace = MIB // 2  # four seconds, more than the patience with silence
    bucket = opens(f"s3://{place}", endpoint=relay.url, patience=NO_PATIENCE)
    began = time.monotonic()
    assert b"".join(bucket.read(entry)) == bytes(2 * MIB)
    assert time.monotonic() - began > 3


def test_many_threads_share_a_bucket(opens: Opens, place: str) -> None:
    bucket = opens(f"s3://{place}")

    def some(number: int) -> None:
        for turn in range(10):
            name = f"{number}/{turn}"
            entry = bucket.write(name, [name.encode()])
            assert b"".join(bucket.read(entry)) == name.encode()

    threads = [threading.Thread(target=some, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([*bucket.list()]) == 160


def test_one_bucket_is_read_into_another(opens: Opens, place: str) -> None:
    bucket = opens(f"s3://{place}/from")
    entry = bucket.write("a", [bytes(20 * MIB)])
    other = opens(f"s3://{place}/to")
    assert other.write("b", bucket.read(entry), entry.size).size == 20 * MIB
    assert [seen.name for seen in opens(f"s3://{place}").list()] == ["from/a", "to/b"]
