"""Files → problems, and nothing else: what `validate` needs, with less work than a whole catalog.

Decides which files must be looked at anew, when some are known from before, and which of them
may be looked at side by side. Who remembers and who works are told by the caller. Must agree
with `loading`, which trusts nothing but the bytes.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from reconciler.manifests.declared import Filed
from reconciler.manifests.documents import SOURCE_FILE
from reconciler.manifests.examining import STANDARD, digest_of, examine, profiles_of, read_sheet
from reconciler.manifests.guarding import Terms
from reconciler.manifests.loading import (
    SUFFIXES,
    conclude,
    configuration_of,
    load,
    project_of,
    uses_of,
)
from reconciler.manifests.making import Findings, check_materials
from reconciler.manifests.reporting import Report
from reconciler.manifests.shipped import profile_names
from reconciler.model.catalog import Use
from reconciler.model.policy import FOLDER, Policy
from reconciler.model.problem import Problem

Files = Mapping[str, bytes]
Verdicts = dict[str, bytes]
"""What is known of files: by digest, the `Filed` of each as JSON."""

_DECODER: Final = msgspec.json.Decoder(Filed)
_ENCODER: Final = msgspec.json.Encoder()


class Question(Struct, frozen=True):
    """What files are judged by: the profiles' files among them, and the policies."""

    profiles: Files
    terms: Terms


class Checked(Struct, frozen=True):
    """How many documents each file has, what is wrong, and what to remember.

    `made` is what images are made of, which is yet to be looked for.
    """

    counts: dict[str, int]
    problems: tuple[Problem, ...]
    verdicts: Verdicts
    made: tuple[Use, ...] = ()


Spread = Callable[[Files, Question], Iterable[Mapping[str, bytes]]]
"""Returns the verdicts of files by path, in parts, each as `verdicts_of` returns them."""


def check(
    files: Files,
    *,
    project: str,
    policy: Policy = FOLDER,
    known: Mapping[str, bytes],
    spread: Spread,
) -> Checked:
    """Return every problem of a source. `known` are verdicts of earlier checks of its files."""
    read = {path: files[path] for path in sorted(files) if path.endswith(SUFFIXES)}
    if not _are_text(read):
        return _at_length(files, project, policy)
    report = Report()
    settings = (read_sheet(path, read[path]) for path in (SOURCE_FILE,) if path in read)
    configured = configuration_of(settings, policy, report)
    digests = {path: digest_of(path, data) for path, data in read.items()}
    filed = _recalled(digests, known)
    verdicts = {digests[path]: known[digests[path]] for path in filed}
    own, sources = _profiles(read, digests, filed)
    for path in [path for path, one in filed.items() if _stale(one, own, configured.terms.digest)]:
        del filed[path]
    missing = {path: data for path, data in read.items() if path not in filed}
    for part in spread(missing, Question(sources, configured.terms)) if missing else ():
        for path, verdict in part.items():
            filed[path], verdicts[digests[path]] = _DECODER.decode(verdict), verdict
    if _profiles(read, digests, filed)[0] != own:  # one declares a profile in a way not foreseen
        return _at_length(files, project, policy)
    project_of(configured, project, report)
    conclude(((path, filed[path]) for path in read), files, report)
    counts = {path: one.checked for path, one in filed.items()}
    made = tuple(uses_of(filed[path] for path in read))
    return Checked(counts, report.sorted(), verdicts, made)


def completed(checked: Checked, found: Findings) -> Checked:
    """Return what was checked, with what is wrong with what images are made of."""
    report = Report(dict.fromkeys(checked.problems))
    check_materials(checked.made, found, report)
    return replace(checked, problems=report.sorted())


def _are_text(paths: Iterable[str]) -> bool:
    """Return whether paths can stand in JSON: a file's name may be any bytes."""
    try:
        "".join(paths).encode()
    except UnicodeEncodeError:
        return False
    return True


def _at_length(files: Files, project: str, policy: Policy) -> Checked:
    """Return the same without verdicts."""
    catalog = load(files, project=project, revision="", policy=policy)
    read = {path: data for path, data in files.items() if path.endswith(SUFFIXES)}
    counts = {path: read_sheet(path, data).checked for path, data in read.items()}
    return Checked(counts, catalog.problems, {}, catalog.made)


def _recalled(digests: Mapping[str, str], known: Mapping[str, bytes]) -> dict[str, Filed]:
    found: dict[str, Filed] = {}
    for path, digest in digests.items():
        if digest in known:
            with contextlib.suppress(msgspec.DecodeError):
                found[path] = _DECODER.decode(known[digest])
    return found


def verdicts_of(files: Files, question: Question) -> dict[str, bytes]:
    """Return the verdict of each file, by path."""
    profiles = profiles_of(read_sheet(path, data) for path, data in question.profiles.items())
    return {
        path: _ENCODER.encode(examine(read_sheet(path, data), profiles, question.terms).filed)
        for path, data in files.items()
    }


def _profiles(
    files: Files, digests: Mapping[str, str], filed: Mapping[str, Filed]
) -> tuple[dict[str, str], Files]:
    """Return the digest behind each profile's name, and the files that declare profiles.

    A file of which nothing is known is read if it may declare one.
    """
    own: dict[str, str] = {}
    sources: dict[str, bytes] = {}
    for path, data in files.items():
        names = []
        if path in filed:
            names = [one.name for one in filed[path].declared if one.kind == "Profile"]
        elif b"Profile" in data:
            entries = read_sheet(path, data).entries
            names = [entry.name for entry in entries if entry.kind == "Profile"]
        if names:
            sources[path] = data
        for name in names:
            own.setdefault(name, digests[path])
    return own, sources


def _stale(one: Filed, own: Mapping[str, str], terms: str) -> bool:
    """Return whether a file was compiled with other profiles or policies than there are now."""
    standard = profile_names()
    return one.terms != terms or any(
        digest != own.get(name, STANDARD if name in standard else "")
        for name, digest in one.against.items()
    )
