"""Bytes → other bytes: what editors, copyists, transmissions and the hostile make of a manifest.

Decides which damage there is; chance decides which of it, and where. Knows nothing of what is
to come of it.
"""

import json
import re
from collections.abc import Callable
from random import Random

import yaml

from reconciler.manifests.reading import read
from reconciler.manifests.reporting import Report
from reconciler.manifests.tree import Document, Plain
from tests.fuzz.corpus import fragments
from tests.manifests.test_agreement import mutate as mutate_value

TOKENS = [
    "${", "}", "$${A}", "${A}", "${RUN}", "${DOCKER_TAG}", "&a ", "*a", "!x ", "!!int ", "<<: ",
    "? ", ": ", "- ", "---\n", "...\n", "%YAML 1.2\n", "%TAG ! x\n", "|\n", ">-\n", "'", '"', "\\",
    "[", "]", "{", "}", ",", "#", " # x", "\t", "\n", "\r", "\n  ", "\0", "\x7f", "\x85", "\u2028",
    "\u202e", "\ufeff", "\U0001f600", "\ud800", "\x1b[31m", "null", "~", "1e999", "0x", "9" * 400,
    ".nan", "-", "0-2", "profile: ", "constants: ", "name: ", "container: ", "instances: ",
    "kind: ", "spec:\n", "apiVersion: reconciler/v1\n", "::error ::x", "<!--", "\\u0000", "\\x07",
]  # fmt: skip
VALUES = [
    "", "''", "0", "-1", "1", "1.5", "1e9", "999999999999999999999", "true", "NO", "~", "a", "A b",
    "[]", "{}", "[a]", "[[]]", "{a: b}", "[{}]", "10s", "1h30m", "64Mi", "500m", "0-2,4", "9-0",
    "0-1e9", "always", "bridge", "host", "/", "/etc", "../x", "busybox", "x:", "x@sha256:0",
    "s3://", "file:///b", "'*/5 * * * *'", "99 * * * *", "Europe/Nowhere", "'('", "'(?P<n>x)'",
    "'[z-a]'", "'\\1'", "'(a+)+$'", "'${A}'", "'${'", "'${INSTANCE_ID}'", "${A}${A}", "é", "'\\'",
    '"\\u001b[2J"', '"\\n"', "|-\n  x", "{matrix: {a: [1, 2]}}", "{build: {}}", "{env: X}",
    "{soft: 1, hard: 0}", "reconciler/v2", "Task", "'${CALLER_GROUPS}'",
]  # fmt: skip
BROKEN = [b"\xff", b"\xc3", b"\xc3\x28", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xfe\xff", b"\xc0\xaf"]
LARGE = 60_000  # bytes
MANY = 1000  # lines
_VALUE = re.compile(rb"(?<=: )[^\n,}\]]+")
_NAME = re.compile(rb"[A-Za-z_]\w*(?=: )")

Mutation = Callable[[bytes, Random], bytes]


def mutate(data: bytes, chance: Random) -> bytes:
    """Return data after some mutations, mostly few."""
    for _ in range(chance.choice([1, 1, 1, 1, 2, 4])):
        mutation = chance.choice(SELDOM if chance.random() < 1 / 40 else USUAL)
        data = mutation(data, chance)
    return data


def _flip(data: bytes, chance: Random) -> bytes:
    changed = bytearray(data or b"\0")
    for _ in range(chance.choice([1, 1, 1, 4])):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(data: bytes, chance: Random) -> bytes:
    start, end = _range(data, chance)
    return data[:start] + data[end:]


def _truncate(data: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] if chance.random() < 0.8 else data[at:]


def _repeat(data: bytes, chance: Random) -> bytes:
    start, end = _range(data, chance)
    return data[:end] + data[start:]


def _splice(data: bytes, chance: Random) -> bytes:
    other = chance.choice(fragments())
    start, end = _range(data, chance)
    first, last = _range(other, chance)
    return data[:start] + other[first:last] + data[end:]


def _join(data: bytes, chance: Random) -> bytes:
    return data + chance.choice([b"---\n", b"\n---\n", b"", b"\n"]) + chance.choice(fragments())


def _token(data: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    token = chance.choice(TOKENS).encode("utf-8", "surrogatepass")
    return data[:at] + token + data[at + chance.choice([0, 0, 1, 3]) :]


def _not_utf8(data: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(BROKEN) + data[at:]


def _lines(data: bytes, chance: Random) -> bytes:
    """Drop, double, or move some lines."""
    lines = data.splitlines(keepends=True)
    start = chance.randrange(len(lines) + 1)
    end = start + chance.choice([1, 1, 2, 5])
    taken = lines[start:end]
    where = chance.randrange(len(lines) + 1)
    kind = chance.randrange(3)
    if kind != 1:
        del lines[start:end]
    if kind != 0:
        lines[where:where] = taken
    return b"".join(lines)


def _indent(data: bytes, chance: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    start = chance.randrange(len(lines) + 1)
    by = chance.choice([b" ", b"  ", b"    ", b"\t", b"- "])
    inwards = chance.random() < 0.5
    for at in range(start, min(len(lines), start + chance.choice([1, 1, 3, 99]))):
        lines[at] = by + lines[at] if inwards else lines[at].removeprefix(by)
    return b"".join(lines)


def _breaks(data: bytes, chance: Random) -> bytes:
    other = chance.choice([b"\r\n", b"\r", b"\n\n", b"\n\r", b" \n", b"\x0b"])
    return data.replace(b"\n", other, chance.choice([-1, 1, 3]))


def _encoding(data: bytes, chance: Random) -> bytes:
    """Save it as an editor on another system does."""
    marked = b"\xef\xbb\xbf" + data
    if chance.random() < 0.7:
        return marked
    return data.decode("utf-8", "replace").encode(chance.choice(["utf-16", "utf-32-le", "utf-7"]))


def _value(data: bytes, chance: Random) -> bytes:
    """Put another value in the place of one."""
    return _instead(_VALUE, chance.choice(VALUES).encode(), data, chance)


def _quote(data: bytes, chance: Random) -> bytes:
    """Write a value in another way, which seldom changes what it means."""
    places = list(_VALUE.finditer(data))
    if not places:
        return data
    found = chance.choice(places)
    said = found[0].strip()
    forms = [
        b'"%b"',
        b"'%b'",
        b"%b # x",
        b"&x %b",
        b"!!str %b",
        b"%b  ",
        b">-\n    %b",
        b"|\n    %b",
    ]
    return data[: found.start()] + chance.choice(forms) % said + data[found.end() :]


def _name(data: bytes, chance: Random) -> bytes:
    """Put another field's name in the place of one."""
    names = _NAME.findall(chance.choice(fragments())) or [b"x"]
    return _instead(_NAME, chance.choice(names), data, chance)


def _reshape(data: bytes, chance: Random) -> bytes:
    """Change a value somewhere, whatever the text around it, and write it all anew."""
    documents = [document.root.plain for document in _parsed(data)]
    for _ in range(chance.choice([1, 1, 2])):
        chosen = chance.choice(documents) if documents else None
        if isinstance(chosen, dict | list):
            mutate_value(chosen, chance)
    return _dumped(documents, chance) if documents else data


def _graft(data: bytes, chance: Random) -> bytes:
    """Take fields over from another manifest."""
    documents = [document.root.plain for document in _parsed(data)]
    others = [document.root.plain for document in _parsed(chance.choice(fragments()))]
    mine, theirs = _spec(documents, chance), _spec(others, chance)
    for name in chance.sample(sorted(theirs), min(len(theirs), 2)):
        mine[name] = theirs[name]
    return _dumped(documents, chance) if documents else data


def _spec(documents: list[Plain], chance: Random) -> dict[str, Plain]:
    specs = [one.get("spec") for one in documents if isinstance(one, dict)]
    found = [spec for spec in specs if isinstance(spec, dict)]
    return chance.choice(found) if found else {}


def _parsed(data: bytes) -> list[Document]:
    return read("a.yaml", data, Report())


def _dumped(documents: list[Plain], chance: Random) -> bytes:
    if len(documents) == 1 and chance.random() < 0.5:
        return json.dumps(documents[0], indent=chance.choice([None, 1])).encode()
    flow = chance.choice([None, False])
    said = yaml.safe_dump_all(
        documents, sort_keys=False, default_flow_style=flow, allow_unicode=True
    )
    return said.encode("utf-8", "surrogatepass")


def _long_line(data: bytes, chance: Random) -> bytes:
    piece = chance.choice([b"x", b"a ", b"${A}", b"'", b'\\"', b"a, ", b"\xc3\xa9", b"- ", b"a: "])
    return _instead(_VALUE, piece * (chance.randrange(LARGE) // len(piece)), data, chance)


def _nest(data: bytes, chance: Random) -> bytes:
    depth = chance.choice([10, 24, 25, 26, 62, 63, 64, 65, 66, 1000, LARGE // 5])
    before, after = chance.choice([(b"[", b"]"), (b"{a: ", b"}"), (b"- ", b""), (b"? ", b"")])
    closed = after * chance.choice([depth, depth - 1, 0])
    return _instead(_VALUE, before * depth + b"1" + closed, data, chance)


def _aliases(data: bytes, chance: Random) -> bytes:
    """Anchor a value and refer to it in places where another stands, maybe within itself."""
    data = _instead(
        _VALUE, chance.choice([b"&a [1, 2]", b"&a {b: 1}", b"&a x", b"&a [*a]"]), data, chance
    )
    for _ in range(chance.choice([1, 2, 9])):
        data = _instead(_VALUE, chance.choice([b"*a", b"[*a, *a]", b"&a [*a, *a]"]), data, chance)
    return data


def _bomb(_: bytes, chance: Random) -> bytes:
    """Refer to what refers to what refers to …"""
    width, height = chance.choice([2, 10, 100]), chance.choice([3, 9, 30])
    said = b"a0: &a0 [1]\n"
    for level in range(height):
        uses = b", ".join([b"*a%d" % level] * width)
        said += b"a%d: &a%d [%b]\n" % (level + 1, level + 1, uses)
    return chance.choice([b"", b"apiVersion: reconciler/v1\nkind: Task\n"]) + said


def _flood(data: bytes, chance: Random) -> bytes:
    """Write some lines over and over: what thousands of tasks cost is for benchmarks to say."""
    lines = data.splitlines(keepends=True) or [b"\n"]
    start = chance.randrange(len(lines))
    piece = lines[start : start + chance.choice([1, 1, 2, 8])]
    times = chance.randrange(chance.choice([10, 100, MANY])) // len(piece)
    return b"".join([*lines[:start], *piece * times, *lines[start:]])


def _range(data: bytes, chance: Random) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.choice([0, 1, 1, 3, 20, 200]))


def _instead(place: re.Pattern[bytes], said: bytes, data: bytes, chance: Random) -> bytes:
    places = list(place.finditer(data))
    if not places:
        return data + said
    found = chance.choice(places)
    return data[: found.start()] + said + data[found.end() :]


USUAL: list[Mutation] = [
    _flip, _cut, _truncate, _repeat, _splice, _join, _token, _not_utf8, _lines, _indent, _breaks,
    _encoding, _value, _quote, _name, _aliases, _reshape, _graft,
    # What leaves YAML valid goes deepest.
    _value, _quote, _name, _lines, *[_reshape] * 4, *[_graft] * 3,
]  # fmt: skip
SELDOM: list[Mutation] = [_long_line, _nest, _bomb, _flood]
