import pytest

from reconciler.manifests import references, vocabulary

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("busybox", "busybox"),
        ("busybox:stable", "busybox:stable"),
        ("library/busybox:1.36", "library/busybox:1.36"),
        ("localhost/x", "localhost/x"),
        ("localhost:5000/x/y:z", "localhost:5000/x/y:z"),
        ("registry.example.org/a__b/c--d:T.1-x_", "registry.example.org/a__b/c--d:T.1-x_"),
        ("Registry.example.org/a", "Registry.example.org/a"),
        ("[::1]:5000/a", "[::1]:5000/a"),
        (f"busybox@{DIGEST}", f"busybox@{DIGEST}"),
        (f"a/b:c@{DIGEST}", f"a/b:c@{DIGEST}"),
        ("/busybox:stable", "busybox:stable"),
        ("registry.example.org//a/b:c", "registry.example.org/a/b:c"),
    ],
)
def test_good_references(text: str, expected: str) -> None:
    assert references.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("", 0), (":tag", 0), ("a:", 2), ("a:b c", 2), ("a:.x", 2), ("A", 0), ("a/B:c", 2),
        ("a..b", 0), ("-a", 0), ("a/b_", 2), ("a@sha256:1", 2), ("https://a/b", 0),
        ("a b", 0), ("0" * 64, 0), ("a/" * 130 + "b", 0), ("exa mple.org/a", 0), ("a:b:c", 2),
    ],
)  # fmt: skip
def test_bad_references_say_where(text: str, offset: int) -> None:
    with pytest.raises(references.ReferenceFaultError) as caught:
        references.parse(text)
    assert caught.value.offset == offset
    assert str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["TERM", "SIGTERM", "sigterm", "15"])
def test_signals_have_one_spelling(text: str) -> None:
    assert vocabulary.signal(text) == "SIGTERM"


def test_real_time_signals() -> None:
    assert vocabulary.signal("34") == "SIGRTMIN"
    assert vocabulary.signal("SIGRTMIN+3") == vocabulary.signal("37") == "SIGRTMIN+3"
    assert vocabulary.signal("64") == "SIGRTMAX"


@pytest.mark.parametrize("text", ["NET_RAW", "CAP_NET_RAW", "net_raw"])
def test_capabilities_have_one_spelling(text: str) -> None:
    assert vocabulary.capability(text) == "NET_RAW"
