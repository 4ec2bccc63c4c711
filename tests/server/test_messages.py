"""Heads of requests: well-formed ones are read, all others refused, none is an exception."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.server.messages import Request, Response, read_head

PIECES = [
    "GET /hooks HTTP/1.1",
    "POST / HTTP/1.0",
    "\r\n",
    "\n",
    ": ",
    "Content-Length: ",
    "٣",
    "\0",
]


@given(
    st.binary(max_size=200) | st.lists(st.sampled_from(PIECES)).map(lambda p: "".join(p).encode())
)
def test_anything_is_read_or_refused(raw: bytes) -> None:
    said = read_head(raw, "127.0.0.1")
    if isinstance(said, Request):
        assert said.path.startswith("/")
        assert said.length >= 0
    else:
        assert said.status in {400, 411}


def test_a_head_is_read() -> None:
    first = b"POST /hooks/fleet?x=1 HTTP/1.1\r\n"
    raw = first + b"Host: here\r\nX-A:  one \r\nx-a: two\r\nCONTENT-LENGTH: 12"
    said = read_head(raw, "127.0.0.1")
    assert isinstance(said, Request)
    assert (said.method, said.path, said.length) == ("POST", "/hooks/fleet", 12)
    assert said.header("x-a") == "one, two"
    assert said.header("x-b") == ""


def test_a_name_that_hides_white_space_is_refused() -> None:
    assert isinstance(read_head(b"POST / HTTP/1.1\r\nContent-Length : 1", ""), Response)
