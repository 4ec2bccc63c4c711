"""Which commit may be read: the newest, if its signature counts and it follows on the last one.

Decides by the mirror, the record and the settings; changes none of them. How a commit came
here, and who waits for it, is not known.
"""

from msgspec import Struct
from msgspec.structs import replace

from reconciler.sources.git.errors import RevisionError
from reconciler.sources.git.mirror import Tip
from reconciler.sources.git.record import Record
from reconciler.sources.git.repository import Repository
from reconciler.sources.git.settings import GitSettings, Rewrite
from reconciler.sources.git.standing import Standing, Stands
from reconciler.sources.git.trust import Verdict, digest, verdict

SHORT = 12


class Judgement(Struct, frozen=True):
    """A commit, how the source stands by it, and whose signature counts."""

    commit: str
    stands: Stands
    signer: str = ""


def judge(repository: Repository, settings: GitSettings, record: Record, tip: Tip) -> Judgement:
    """Judge what was fetched: a commit, or a tag.

    Raises:
        RevisionError: when the mirror is damaged.
        RemoteError: when signatures cannot be looked at.
    """
    commit = tip.commit
    if not commit:
        raise RevisionError(f"there is no commit {tip.name} in the mirror")
    current = Stands(Standing.CURRENT, f"{settings.wanted} is at {commit[:SHORT]}", commit)
    if commit == record.given and record.judged_by == digest(settings.signers):
        return Judgement(commit, current, record.signer)
    found = signed(repository, settings, tip.name)
    if found.why_not:
        return _not_read(commit, Standing.UNTRUSTED, found.why_not)
    followed = settings.rewriting is Rewrite.FOLLOW or commit in {record.given, record.allowed}
    if followed or not _is_rewritten(repository, settings, record, commit):
        return Judgement(commit, current, found.signer)
    why = f"it is no successor of {record.given[:SHORT]}: {settings.wanted} was rewritten"
    if settings.rewriting is Rewrite.HOLD:
        return _not_read(commit, Standing.HELD, f"{why}; it waits to be allowed")
    return _not_read(commit, Standing.REFUSED, f"{why}, which the operator's settings refuse")


def reconsidered(repository: Repository, settings: GitSettings, record: Record) -> Record:
    """Return the record with what is given judged by the signers who count now.

    Raises:
        RevisionError: when the mirror is damaged.
        RemoteError: when signatures cannot be looked at.
    """
    now = digest(settings.signers)
    if not record.given or record.judged_by == now:
        return record
    by_tag = record.fetched and commit_of(repository, record.fetched) == record.given
    found = signed(repository, settings, record.fetched if by_tag else record.given)
    return record if found.why_not else replace(record, judged_by=now, signer=found.signer)


def signed(repository: Repository, settings: GitSettings, name: str) -> Verdict:
    """Return whose signature of an object counts; where none is asked for, nobody's.

    Raises:
        RevisionError: when the mirror is damaged.
        RemoteError: when signatures cannot be looked at.
    """
    return verdict(repository, name, settings) if settings.signers else Verdict()


def commit_of(repository: Repository, name: str) -> str:
    """Return the commit that an object is, or that a tag is of.

    Raises:
        RevisionError: when there is none here.
    """
    asked = f"{name}^{{commit}}"
    status, out, _ = repository.try_to("rev-parse", "--verify", "--quiet", asked)
    if status:
        raise RevisionError(f"there is no commit {name} in the mirror")
    return out.decode("ascii").strip()


def _not_read(commit: str, kind: Standing, why: str) -> Judgement:
    return Judgement(commit, Stands(kind, f"{commit[:SHORT]} is not read: {why}", commit))


def _is_rewritten(
    repository: Repository, settings: GitSettings, record: Record, commit: str
) -> bool:
    if not record.given or settings.commit:
        return False
    return repository.try_to("merge-base", "--is-ancestor", record.given, commit)[0] != 0
