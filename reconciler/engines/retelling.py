"""A tar told once more as it goes by, each entry with another owner.

The folder that everything is in is left out: whose that is, is not the tar's to say. What is in the
files is passed on as it comes, in pieces of any size. Pure, and the same for every engine.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from reconciler.engines.engine import TransientError

BLOCK: Final = 512
_UID, _GID, _SIZE, _SUM = slice(108, 116), slice(116, 124), slice(124, 136), slice(148, 156)
_UNAME, _GNAME = slice(265, 297), slice(297, 329)
_KIND: Final = 156
_OUTERMOST: Final = b"./\0"
_FOLDER: Final = ord("5")
_TOLD_APART: Final = frozenset(b"xgLK")  # what a header is preceded by, and nothing of its own
_LARGE: Final = 0x80
_OCTAL: Final = 8**7


def owned(content: Iterable[bytes], uid: int, gid: int) -> Iterator[bytes]:
    """Yield a tar in which everything belongs to a user.

    Raises:
        TransientError: it is cut off.
    """
    rest, left = bytearray(), 0
    for piece in content:
        rest += piece
        told, at = bytearray(), 0
        while at < len(rest) and (left or len(rest) - at >= BLOCK):
            if left:
                step = min(left, len(rest) - at)
                told += rest[at : at + step]
                left -= step
            else:
                step, header = BLOCK, rest[at : at + BLOCK]
                left = _padded(_number(header[_SIZE])) if any(header) else 0
                told += _given(header, uid, gid)
            at += step
        del rest[:at]
        if told:
            yield bytes(told)
    if left or rest:
        raise TransientError("what the engine gave of the data was cut off")


def _given(header: bytearray, uid: int, gid: int) -> bytearray:
    if header[_KIND] in _TOLD_APART or not any(header):
        return header
    # So begins the header of a file, too, in whose name nothing is ASCII: that was told before it.
    if header[_KIND] == _FOLDER and header.startswith(_OUTERMOST):
        return bytearray()
    header[_UID], header[_GID] = _written(uid), _written(gid)
    header[_UNAME] = header[_GNAME] = bytes(32)
    header[_SUM] = b" " * 8
    header[_SUM] = b"%06o\0 " % sum(header)
    return header


def _written(number: int) -> bytes:
    if number < _OCTAL:
        return b"%07o\0" % number
    return bytes([_LARGE]) + number.to_bytes(7)


def _number(field: bytes | bytearray) -> int:
    if field[0] & _LARGE:
        return int.from_bytes(bytes([field[0] & ~_LARGE]) + field[1:])
    return int(field.strip(b" \0") or b"0", 8)


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
