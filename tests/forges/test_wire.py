import threading
import traceback

import pytest

from reconciler.forges.dialects import Request
from reconciler.forges.wire import Wire, WireError
from tests.forges.conftest import TOKEN
from tests.support.forge import Reply, StandIn

SECRET = {"Authorization": f"Bearer {TOKEN}"}


def test_a_slow_forge_is_given_up(forge: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    hold = threading.Event()
    forge.answers(Reply(hold=hold))
    with pytest.raises(WireError, match="it does not answer in time") as caught:
        Wire().post(Request(f"{forge.url}/x", b"{}", {}), SECRET, 0.2)
    hold.set()
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_a_long_answer_is_not_read_to_its_end(
    forge: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    forge.answers(Reply(422, body="x" * 1_000_000))
    answer = Wire().post(Request(f"{forge.url}/x", b"{}", {}), SECRET, 10)
    assert (answer.status, len(answer.text)) == (422, 16 * 1024)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://localhost/x", "data:,x"])
def test_nothing_but_http(url: str) -> None:
    with pytest.raises(WireError):
        Wire().post(Request(url, b"{}", {}), SECRET, 1)
