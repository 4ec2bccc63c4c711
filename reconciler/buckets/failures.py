"""What went wrong, at a service or on a disk → the errors that all buckets have, in sentences.

Decides what is worth trying again, what somebody has to mend, and what he has to do. Goes by the
status and the code of the service's answer, which the library only has as text. Must not know
what was asked.
"""

import errno
import re
from typing import Final

from msgspec import Struct

from reconciler.buckets.bucket import (
    AbsentError,
    BucketError,
    ChangedError,
    DeniedError,
    FullError,
    UnavailableError,
)

_STATUS: Final = re.compile(r"status code: (\d{3})|status: (\d{3})")
_CODE: Final = re.compile(r"<Code>(\w{1,64})</Code>")
_WRONG_KEY: Final = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken")
_NO_BUCKET: Final = ("NoSuchBucket", "InvalidBucketName")
_FULL_CODES: Final = ("QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "EntityTooLarge")
_ELSEWHERE: Final = ("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed",
                     "IllegalLocationConstraintException")  # fmt: skip
_BAD_PATH: Final = re.compile(r"arsing Path|parse path|path segment")
# Where credentials are asked for: the machine's own service, one that lends roles, variables.
_OF_CREDENTIALS: Final = re.compile(
    r"/latest/api/token in|/latest/meta-data/iam|AssumeRoleWithWebIdentity|source: Missing\w*Key"
    r"|web identity|Unable to open file"
)
_SIGNS: Final = (
    (re.compile(r"certificate|UnknownIssuer|NotValidForName"),
     "its certificate is not trusted; name its authority in ca of the operator's credentials"),
    (re.compile("InvalidContentType|InvalidMessage"), "it does not speak https; mend the endpoint"),
    (re.compile("ConnectionRefused"), "nobody listens there"),
    (re.compile("dns error"), "its host's name is not found"),
    (re.compile("TimedOut|Timeout"), "no answer in time"),
)  # fmt: skip
_MOVED: Final = (301, 302, 307, 308)
_UNAUTHORIZED: Final = 401
_REFUSED: Final = (_UNAUTHORIZED, 403)
_NOT_FOUND: Final = 404
_PRECONDITION: Final = 412
_SLOWER: Final = 429
_TROUBLE: Final = 500
_FULL_STATUS: Final = 507

_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_RIGHT: Final = (errno.EACCES, errno.EPERM, errno.EROFS)
_IN_THE_WAY: Final = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY)


class Where(Struct, frozen=True):
    """What a sentence names: the bucket, its place, and whose keys are used."""

    name: str
    place: str
    keys: str

    def __str__(self) -> str:
        return f"bucket {self.name} ({self.place})"


def worded(error: Exception, where: Where, name: str = "") -> BucketError:
    """Return what an error of the library means; `name` is the object it was about."""
    text = str(error)
    found = _STATUS.search(text)
    if _OF_CREDENTIALS.search(text) and (found is None or int(found[1] or found[2]) < _TROUBLE):
        return DeniedError(f"{where}: {where.keys} are not to be had; set them, or give keys")
    if found is None:
        return _without_answer(text, where, name)
    code = _CODE.search(text)
    return _by_answer(int(found[1] or found[2]), code[1] if code else "", where, name)


def _by_answer(status: int, code: str, where: Where, name: str) -> BucketError:
    said = f"{status} {code}".strip()
    if code in _NO_BUCKET:
        return AbsentError(f"{where}: there is no such bucket; make it, or mend the url")
    if code in _FULL_CODES or status == _FULL_STATUS:
        return FullError(f"{where}: no room is left there ({said}); make room or raise the quota")
    if code in _ELSEWHERE or status in _MOVED:
        return BucketError(f"{where}: it is elsewhere ({said}); mend region or endpoint")
    if status in _REFUSED or code in _WRONG_KEY:
        return _refused(status, code, where, name)
    return _by_status(status, said, where, name)


def _refused(status: int, code: str, where: Where, name: str) -> DeniedError:
    said = f"{status} {code}".strip()
    if code == "RequestTimeTooSkewed":
        return DeniedError(f"{where}: this machine's clock is too far off ({said}); set it")
    if code in _WRONG_KEY or status == _UNAUTHORIZED:
        return DeniedError(f"{where}: {where.keys} are not accepted ({said}); put right ones there")
    asked = f" for {name}" if name else ""
    return DeniedError(f"{where}: {where.keys} do not allow this{asked} ({said}); give that right")


def _by_status(status: int, said: str, where: Where, name: str) -> BucketError:
    if status == _NOT_FOUND:
        return AbsentError(f"{where} has no {name}" if name else f"{where}: nothing is there")
    if status == _PRECONDITION:
        return ChangedError(f"{where}: {name} has changed")
    if status >= _TROUBLE or status == _SLOWER:
        return UnavailableError(f"{where}: the service has trouble of its own ({said})")
    return BucketError(f"{where}: the service refuses ({said})")


def _without_answer(text: str, where: Where, name: str) -> BucketError:
    if _BAD_PATH.search(text):
        asked = name or "one of its objects"
        return BucketError(f"{where}: the name of {asked} cannot be used; rename it there")
    said = next((said for sign, said in _SIGNS if sign.search(text)), "the connection broke off")
    return UnavailableError(f"{where}: {said}")


def of_system(error: OSError, where: str) -> BucketError:
    """Return what the system's refusal means."""
    said = f"{where}: {error.strerror}"
    if error.errno in _NO_ROOM:
        return FullError(f"{said}; make room there")
    if error.errno in _NO_RIGHT:
        return DeniedError(f"{said}; whoever runs the reconciler needs more rights there")
    if error.errno in _IN_THE_WAY:
        return BucketError(f"{said}: a file is where a folder should be, or the reverse")
    if error.errno == errno.ENAMETOOLONG:
        return BucketError(f"{said}: its file system takes no such name")
    return UnavailableError(said)
