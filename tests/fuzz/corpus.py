"""What fuzzing starts from: sources without a fault, and single manifests with some.

Decides nothing of what is done to them.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from msgspec import Struct

from reconciler.manifests import explanations, shipped
from reconciler.manifests.documents import SOURCE_FILE
from reconciler.manifests.reading import read
from reconciler.manifests.reporting import Report
from reconciler.model.images import LOCK_FILE
from tests.manifests import complete, test_invalid, test_invalid_tasks, test_load, test_settings
from tests.manifests.loaded import SEALED, document, profile, task
from tests.support import pins
from tests.support.shell import ROOT

SUFFIXES = {".yaml", ".yml", ".json"}


class Source(Struct, frozen=True):
    """Files that belong together. `operator`: the one file is the operator's configuration."""

    name: str
    files: dict[str, bytes]
    operator: bool = False


@cache
def valid() -> tuple[Source, ...]:
    """Return sources in which there is no error."""
    written = [
        *_examples(), *_golden(), *_standard_profiles(), *_explained(), *_complete(), *_by_hand(),
    ]  # fmt: skip
    return (*written, *(made for source in written for made in _as_json(source)))


@cache
def faulty() -> tuple[Source, ...]:
    """Return sources in which something is wrong."""
    cases = [*test_invalid.ALL, *test_invalid_tasks.ALL]
    texts = dict.fromkeys(text.replace(test_invalid.MARK, "") for _, text in cases)
    return tuple(_source(f"faulty-{number}", text) for number, text in enumerate(texts))


@cache
def fragments() -> tuple[bytes, ...]:
    """Return all files of all sources, for others to take pieces from."""
    found = [data for source in (*valid(), *faulty()) for data in source.files.values()]
    return tuple(data for data in dict.fromkeys(found) if data)


def _source(name: str, text: str) -> Source:
    return Source(name, {"a.yaml": text.encode()})


def _folder(name: str, folder: Path) -> Source:
    paths = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    return Source(name, {str(path.relative_to(folder)): path.read_bytes() for path in paths})


def _examples() -> Iterator[Source]:
    for folder in ("hello", "retries", "service", "ci/fleet"):
        yield _folder(folder, ROOT / "examples" / folder)


def _golden() -> Iterator[Source]:
    yield Source("golden", pins.files())
    operator = (pins.CORPUS / "operator.yaml").read_bytes()
    yield Source("golden-operator", {"config.yaml": operator}, operator=True)


def _standard_profiles() -> Iterator[Source]:
    for name in shipped.profile_names():
        used = task(f"profile: {name}\nconstants: {{DOCKER_CMD: 'sleep 1'}}")
        files = {"p.yaml": shipped.profile_text(name), "t.yaml": used.encode()}
        yield Source(name, files)


def _explained() -> Iterator[Source]:
    for code in explanations.codes():
        entry = explanations.explain(code)
        if entry is not None and entry.right:
            yield Source(code, {path: text.encode() for path, text in entry.right.items()})


def _complete() -> Iterator[Source]:
    files = {f"{number}.yaml": text.encode() for number, text in enumerate(complete.ALL)}
    yield Source("complete", files | {"others.yml": complete.OTHERS.encode()} | SEALED)
    whole = "---\n".join([*complete.ALL, complete.OTHERS])
    yield Source("complete-in-one", {"a.yaml": whole.encode()} | SEALED)


def _by_hand() -> Iterator[Source]:
    yield _source("usual", task(test_load.FULL))
    own = "constants: {A: {}, B: {default: x}}\ncontainer: {image: 'x:${A}', user: '${B}'}"
    yield _source(
        "constants", task("profile: mine\nconstants: {A: '${B}'}") + "---\n" + profile(own)
    )
    inline = "tasks:\n- {name: a, instances: 2}\n- name: b\n  env: {A: &x 1, B: *x}"
    yield _source("aliases", document("Job", "j", inline))
    yield _source("node", document("Node", "n", "endpoint: unix:///x"))
    policy = "project: p\nprune: {share: 0.2}\npolicy: {privileged: false, maximum: {gpus: 1}}\n"
    files = {"reconciler.yaml": policy.encode(), "a/b.yml": task("instances: 3").encode()}
    yield Source("configured", files)
    yield Source("operator", {"config.yaml": test_settings.FULL.encode()}, operator=True)


def _as_json(source: Source) -> Iterator[Source]:
    """Yield a source again, written as JSON, where it is one manifest."""
    (path, data), *others = source.files.items()
    found = read(path, data, Report())
    if others or source.operator or path in {SOURCE_FILE, LOCK_FILE}:
        return
    if len(found) == 1:
        for indent in (None, 2):
            said = json.dumps(found[0].root.plain, indent=indent, ensure_ascii=bool(indent))
            yield Source(f"{source.name}-json", {"a.json": said.encode()})
