"""What went wrong with a remote, from what git and ssh say of it.

An ordered table, first match wins: patterns of their English words, and the sentence that says
what to do. Pure: it must not know which call is tried again, nor when.
"""

import re
from typing import Final

from msgspec import Struct

from reconciler.sources.git.settings import GitSettings, SshKey

_LONGEST: Final = 300
_NOISE: Final = re.compile(r"^(fatal|error|warning): |^ssh: |^hint: ")


class _Complaint(Struct, frozen=True):
    """What is said, in regular expressions, and what it means."""

    pattern: str
    sentence: str


_COMPLAINTS: Final = (
    _Complaint(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed",
        "{host} shows another host key than {hosts} has: somebody may be in between, or the host "
        "has a new key; once its owner has confirmed that, replace the line in {hosts}",
    ),
    _Complaint(
        r"No \S+ host key is known|Host key verification failed",
        "{host} is unknown: {hosts} has no host key for it; add the line that "
        "`{scan}` prints, once you have compared it with what its owner publishes",
    ),
    _Complaint(
        r"Permission denied \(|Too many authentication failures|error in libcrypto|invalid format",
        "{host} does not take {key}: register its public half there, with leave to read, and "
        "check the user in {url}",
    ),
    _Complaint(
        r"Authentication failed|could not read (Username|Password)|error: 401|Access denied",
        "{host} does not take {credential} (401): check that it is the right one, has not expired "
        "and may read this repository",
    ),
    _Complaint(
        r"error: 403",
        "{host} forbids reading {url} (403): {credential} may not, or there were too many calls",
    ),
    _Complaint(
        r"(repository|Repository) .*not found|Repository not found|error: 404|not exported"
        r"|does not appear to be a git repository|repository .* does not exist|no such repository",
        "there is no repository {url}, or {credential} may not see it: check the address and "
        "what may be read",
    ),
    _Complaint(
        r"certificate problem|certificate verification failed|unable to get local issuer"
        r"|certificate verify|SSL peer certificate",
        "the certificate of {host} is not trusted: it has expired, is for another host, or needs "
        "the certificate of its authority (the setting `ca`)",
    ),
    _Complaint(
        r"error setting certificate (file|verify locations)|error adding trust anchors|CAfile",
        "the file of certificates {ca} cannot be used: give certificates in PEM form",
    ),
    _Complaint(
        r"Could not resolve proxy|CONNECT tunnel failed|Received HTTP code \d+ from proxy|407",
        "the proxy does not lead to {host}: check its address and what it lets through",
    ),
    _Complaint(
        r"Could not resolve host|unable to look up|Name or service not known"
        r"|Temporary failure in name resolution",
        "no address is known for {host}: check the name, and that names are resolved here",
    ),
    _Complaint(
        r"timed out|too slow|Timeout, server",
        "{host} did not answer in time: check that it runs and can be reached from here",
    ),
    _Complaint(
        r"Connection refused|No route to host|Network is unreachable|Failed to connect"
        r"|unable to connect|Couldn't connect",
        "{host} cannot be reached: check that it runs, and its port",
    ),
    _Complaint(
        r"dubious ownership",
        "{url} belongs to another user, and git does not read it for this one: let this user own "
        "it, or reach it by another way, such as ssh",
    ),
    _Complaint(
        r"not our ref|unadvertised object|couldn't find remote ref|remote ref .* not found",
        "there is no such thing as {wanted} at {url}: check its name",
    ),
    _Complaint(
        r"shallow",
        "{url} is a shallow clone, which lacks history: give the repository it was cloned from",
    ),
    _Complaint(r"transport '.*' not allowed", "{url} leads elsewhere by a way that is not taken"),
    _Complaint(r"No space left on device|Disk quota exceeded", "there is no room for the mirror"),
    _Complaint(
        r"early EOF|hung up|RPC failed|unexpected disconnect|Connection reset|Broken pipe"
        r"|Connection closed|non-properly terminated"
        r"|kex_exchange|error: 5\d\d|bad line length|Empty reply",
        "{host} broke off the call: it is busy or has a fault, and is asked again",
    ),
)  # fmt: skip


def sentence(said: str, settings: GitSettings) -> str | None:
    """Return what a complaint means, None if that is not known."""
    for complaint in _COMPLAINTS:
        if re.search(complaint.pattern, said):
            return complaint.sentence.format_map(_words(settings))
    return None


def verbatim(said: str, settings: GitSettings) -> str:
    """Return the first line of a complaint that nothing is known of."""
    lines = [_NOISE.sub("", line).strip() for line in said.splitlines()]
    first = next((line for line in lines if line), "it does not say why")
    return f"{settings.url} cannot be read; git says: {first[:_LONGEST]}"


def late(settings: GitSettings, why: str) -> str:
    """Return the sentence for a call that was ended."""
    return f"{_host(settings)} did not answer in time ({why}); it is asked again"


def withheld(settings: GitSettings) -> str:
    """Return the sentence for a remote that names a revision and does not give it."""
    return (
        f"{settings.url} did not give the revision that it names: where it is a shallow clone, "
        "give the repository that it was cloned from; otherwise it is asked again"
    )


def _words(settings: GitSettings) -> dict[str, str]:
    return {
        "url": settings.url,
        "host": _host(settings),
        "scan": _scan(_host(settings)),
        "wanted": settings.wanted,
        "hosts": str(settings.known_hosts or "~/.ssh/known_hosts"),
        "ca": str(settings.ca or ""),
        "key": _key(settings),
        "credential": "a reader without credentials"
        if settings.credentials is None
        else "the credential that was given",
    }


def _scan(host: str) -> str:
    name, separator, port = host.rpartition(":")
    return (
        f"ssh-keyscan -p {port} {name}" if separator and port.isdigit() else f"ssh-keyscan {host}"
    )


def _key(settings: GitSettings) -> str:
    credentials = settings.credentials
    if isinstance(credentials, SshKey):
        return f"the ssh key in {credentials.key}"
    return "any key of the ssh agent" if credentials else "a caller without an ssh key"


def _host(settings: GitSettings) -> str:
    return settings.address.host or settings.url
