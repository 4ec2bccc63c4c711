"""Each invalid manifest with what is to be said of it.

A `§` stands before the place of each problem, in the order of the text; the codes follow in the
same order. Nothing else may be reported: no fault twice, and no fault that follows from another.
"""

import pytest

from reconciler import manifests
from tests.manifests.loaded import CLOSED, document, load, profile, task

MARK = "§"


def image(rest: str) -> str:
    return task("container:\n  image: busybox\n" + "".join(f"  {x}\n" for x in rest.splitlines()))


def using(constants: str, declared: str, container: str = "image: x") -> str:
    """Return a task with constants, and its own profile that declares some."""
    spec = f"constants: {declared}\ncontainer: {{{container}}}"
    return task(f"profile: mine\nconstants: {constants}") + "---\n" + profile(spec)


SYNTAX = [
    ("not-a-manifest duplicate-key", "§a: 1\nb: 2\n§a: 3\n"),
    ("duplicate-key", task("instances: 1\n§instances: 2")),
    ("duplicate-key", task("env: {A: 1, §A: 2}")),
    ("merge-key", task("env:\n  §<<: {A: 1}")),
    ("unknown-tag", "a: §!secret x\n"),
    ("unknown-tag", "a: §!!python/object:os.system x\n"),
    ("unknown-tag", "a: §!!set {x}\n"),
    ("bad-tag", "a: §!!int many\n"),
    ("alias-recursive", "a: &a [§*a]\n"),
    ("unknown-alias", "a: §*b\n"),
    ("alias-limit", ("a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                    "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                    "d: [*c,*c,*c,*c,*c,*c,*c,§*c,*c,*c]\n")),
    ("too-deep", "[" * 65 + "§[" + "]" * 66),
    ("key-not-text", "? §[a]\n: b\n"),
    ("forbidden-character", 'a: §"\\0"\n'),
    ("forbidden-character", "a: b§\x07\n"),
    ("forbidden-character", "a: b§\x85\n"),
    ("yaml-syntax", "a: 'open§\n"),
    ("yaml-syntax", "a: [1, 2§\n"),
    ("yaml-syntax", "a: b§: c\n"),
    ("yaml-syntax", "§\ta: b\n"),
    ("yaml-syntax", "a: §@b\n"),
    ("not-a-manifest", "§just text\n"),
    ("not-a-manifest", "§- a\n"),
]  # fmt: skip

ENVELOPE = [
    ("missing-field", "§kind: Task\nmetadata: {name: a}\nspec: {}\n"),
    ("unknown-version", "apiVersion: §v1\nkind: Task\nmetadata: {name: a}\nspec: {}\n"),
    ("missing-field", "§apiVersion: reconciler/v1\nmetadata: {name: a}\nspec: {}\n"),
    ("unknown-kind", "apiVersion: reconciler/v1\nkind: §Tsak\nmetadata: {name: a}\nspec: {}\n"),
    ("missing-field", "§apiVersion: reconciler/v1\nkind: Task\nmetadata: {name: a}\n"),
    ("missing-field", "apiVersion: reconciler/v1\nkind: Task\nmetadata: §{}\nspec: {}\n"),
    ("bad-name", "apiVersion: reconciler/v1\nkind: Task\nmetadata: {name: §A_b}\nspec: {}\n"),
    ("bad-name", task("", name="§" + "a" * 41)),
    ("wrong-type", task("", name="§5")),
    ("wrong-type", "apiVersion: reconciler/v1\nkind: Task\nmetadata: {name: a}\nspec:§\n"),
    ("bad-name", task("", name="a, labels: {§-x: 1}")),
    ("wrong-type", task("", name="a, labels: {x: §[1]}")),
    ("unknown-field", task("", name="a, §label: {x: 1}")),
    ("bad-annotation", task("", name="a, annotations: {reconciler/prune: §no}")),
    ("bad-annotation", task("", name="a, annotations: {reconciler/renamed-from: §A_b}")),
    ("bad-annotation", task("", name="a, annotations: {reconciler/renamed-from: §a}")),
    ("unknown-field", task() + "§status: {}\n"),
]

FIELDS = [
    ("unknown-field", task("§profil: docker-batch")),
    ("unknown-field", task("§command: sh")),
    ("unknown-field", image("§imagee: x")),
    ("out-of-range", task("instances: §-1")),
    ("out-of-range", task("instances: §1000000")),
    ("wrong-type", task("instances: §2.5")),
    ("wrong-type", task("instances: §[1]")),
    ("bad-format", task("instances: §'4'")),
    ("bad-format", task("instances: §5-2")),
    ("bad-format", task("instances: §0777")),
    ("out-of-range", task("parallelism: §0")),
    ("unknown-value", task("restart: §sometimes")),
    ("unknown-value", task("restart: §NO")),
    ("wrong-type", task("restart:§")),
    ("wrong-type", task("retry: §3")),
    ("wrong-type", task("retry: {perInstance: §two}")),
    ("out-of-range", task("retry: {backoff: {factor: §0.5}}")),
    ("out-of-range", task("retry: {backoff: {jitter: §2}}")),
    ("bad-format", task("retry: {backoff: {initial: §soon}}")),
    ("out-of-range", task("rollout: {maxUnavailable: §0}")),
    ("out-of-range", task("rerun: §-1")),
    ("unknown-field", task("placement: {§node: {zone: a}}")),
    ("wrong-type", task("env: §[A=1]")),
    ("wrong-type", task("env: {A: §[1]}")),
    ("bad-name", task("env: {§B C: 1}")),
    ("reserved-name", task("env: {§ATTEMPT: 1}")),
]

CONTAINER = [
    ("out-of-range", image("resources: {cpus: §-1}")),
    ("bad-format", image("resources: {memory: §lots}")),
    ("bad-format", image("resources: {memory: §-5Mi}")),
    ("wrong-type", image("resources: {pids: §1.5}")),
    ("unknown-field", image("resources: {ulimits: {§nofil: 3}}")),
    ("missing-field", image("resources: {ulimits: {core: §{soft: 1}}}")),
    ("unknown-value", image("network: §brigde")),
    ("excluded-field", image("ports: [§{container: 80}]")),
    ("out-of-range", image("network: bridge\nports: [{container: §99999}]")),
    ("missing-field", image("network: bridge\nports: [§{host: 80}]")),
    ("unknown-value", image("network: bridge\nports: [{container: 80, protocol: §sctp}]")),
    ("unknown-value", image("mounts: [{type: §bund, source: /a, target: /x}]")),
    ("missing-field", image("mounts: [§{type: bind, target: /x}]")),
    ("bad-path", image("mounts: [{type: bind, source: §data, target: /x}]")),
    ("bad-format", image("mounts: [{type: tmpfs, target: §x}]")),
    ("bad-path", image("mounts: [{type: tmpfs, target: §/}]")),
    ("excluded-field", image("mounts: [{type: tmpfs, §source: a, target: /x}]")),
    ("excluded-field", image("mounts: [{type: volume, source: a, target: /x, §size: 1Mi}]")),
    ("excluded-field", image("mounts: [{type: bind, source: /a, target: /x, §external: true}]")),
    ("bad-name", image("mounts: [{type: volume, source: §/a, target: /x}]")),
    ("duplicate-target", image("mounts:\n- {type: tmpfs, target: /x}\n"
                               "- {type: tmpfs, target: §/x/}")),
    ("forbidden-bind", image("mounts: [{type: bind, source: §/, target: /x}]")),
    ("forbidden-bind", image("mounts: [{type: bind, source: §/etc, target: /x}]")),
    ("forbidden-bind", image("mounts: [{type: bind, source: §/run/../etc/ssh, target: /x}]")),
    ("forbidden-bind", image("mounts: [{type: bind, source: §/proc/1, target: /x}]")),
    ("forbidden-bind", image("mounts: [{type: bind, source: §//sys, target: /x}]")),
    ("forbidden-bind", image("mounts: [{type: bind, source: §/var/run/docker.sock, target: /x}]")),
    ("forbidden-bind", image("mounts: [{type: bind, source: §/run, target: /x}]")),
    ("forbidden-bind", image("mounts: [{type: bind, source: §/state/ledger, target: /x}]")),
    ("unknown-value", image("security: {capabilities: {drop: [§NET_ADMN]}}")),
    ("wrong-type", image("security: {privileged: §'yes'}")),
    ("unknown-value", image("security: {userns: §hots}")),
    ("unknown-value", image("stop: {signal: §SIGTEMR}")),
    ("bad-format", image("stop: {grace: §1 minute}")),
    ("bad-command", image("health: {command: §'a \"'}")),
    ("out-of-range", image("health: {retries: §0}")),
    ("bad-command", image("command: §sh -c 'x")),
    ("bad-command", image("entrypoint: §\"'\"")),
    ("wrong-type", image("command: §{a: b}")),
    ("wrong-type", image("command: [a, §[b]]")),
    ("bad-format", image("user: §a b")),
    ("bad-format", image("workdir: §job")),
    ("bad-format", image("account: {home: §job}")),
    ("bad-format", image("account: {home: §'/a:b'}")),
    ("bad-path", image('account: {home: §"/a\\nb"}')),
    ("bad-name", image("account: {name: §'a:b'}")),
    ("wrong-type", image("account: {entries: §maybe}")),
    ("unknown-field", image("account: {§nmae: a}")),
    ("excluded-field", image("account: {entries: §true}\nsecurity: {readOnlyRoot: true}")),
    ("bad-format", image("groups: §'a,,b'")),
    ("bad-format", image("groups: [§'a b']")),
    ("bad-format", image("hostname: §-x")),
    ("bad-format", image("logs: {maxSize: §big}")),
    ("wrong-type", task("container: {image: §[a]}")),
    ("unknown-field", task("container: {image: {§nam: x}}")),
    ("unknown-value", task("container: {image: {name: x, pull: §allways}}")),
    ("bad-format", task("container: {image: {name: x, digest: §'sha256:00'}}")),
    ("bad-image", task("container: {image: §Busybox}")),
    ("bad-image", task("container: {image: §'busybox:'}")),
    ("bad-image", task("container: {image: §'busybox:a b'}")),
    ("bad-image", task("container: {image: §'https://example.org/x'}")),
    ("bad-image", task("container: {image: §'x@sha256:12'}")),
    ("bad-image", task("container: {image: §'" + "0" * 64 + "'}")),
    ("misplaced-builtin", task("container: {image: §'x:${INSTANCE_ID}'}")),
]  # fmt: skip

REFERENCES = [
    ("duplicate-name", task() + "---\n" + task().replace("name: pi", "name: §pi")),
    ("duplicate-name", task() + "---\n" + "apiVersion: reconciler/v1\nkind: Job\n"
     "metadata: {name: j}\nspec: {tasks: [{name: §pi}]}\n"),
    ("unknown-profile", task("profile: §docker-bach")),
    ("unknown-job", task("job: §nope")),
    ("missing-image", "apiVersion: reconciler/v1\nkind: Task\nmetadata: {name: a}\n"
     "spec:\n  §profile: mine\n---\n" + profile("container: {}")),
    ("unknown-constant", task("constants: {§DOCKER_TAGG: x}")),
    ("unknown-constant", task("constants: {DOCKER_CMD: §'echo ${FOO}'}")),
    ("unknown-constant", profile("container: {user: §'${USR}'}")),
    ("wrong-type", task("constants: {DOCKER_TAG: §[1]}")),
    ("wrong-type", task("constants: {DOCKER_TAG: §}")),
    ("reserved-name", task("constants: {§RUN: x}")),
    ("reserved-name", profile("constants: {§TASK_NAME: {default: x}}")),
    ("bad-name", profile("constants: {§a-b: {default: x}}")),
    ("constant-cycle", using("{}", "{A: {default: '${B}'}, B: {default: §'${A}'}}")),
    ("missing-constant", task("profile: mine\n§constants: {}") + "---\n"
     + profile("constants: {A: {description: which}}\ncontainer: {image: x}")),
    ("locked-constant", using("{§A: x}", "{A: {default: y, locked: true}}")),
    ("secret-literal", using("{A: §x}", "{A: {secret: true}}")),
    ("secret-literal", using("{}", "{A: {secret: true, default: §x}}")),
    ("constant-declaration", using("{}", "{A: {required: true, default: §x}}")),
    ("constant-value", using("{A: §x}", "{A: {type: integer}}")),
    ("constant-value", using("{A: §maybe}", "{A: {type: boolean}}")),
    ("constant-value", using("{A: §c}", "{A: {enum: [a, b]}}")),
    ("constant-value", using("{A: §b1}", "{A: {pattern: '[a-z]+'}}")),
    ("bad-format", using("{A: x}", "{A: {pattern: §'['}}")),
    ("bad-format", using("{A: x}", "{A: {pattern: §'(?=x)x'}}")),
    ("unknown-field", profile("constants: {A: {§defualt: x}}")),
]  # fmt: skip

# The fault shows in the profile's container, and is the task's: it is told where it was given.
SUPPLIED = [
    ("bad-image", task("constants: {DOCKER_REPO: §Foo}")),
    ("bad-image", task("constants:\n  DOCKER_REPO: foo\n  DOCKER_TAG: §a b")),
    ("bad-image", task("constants: {DOCKER_SRV: §'https://x.org', DOCKER_REPO: foo}")),
    ("bad-command", task('constants: {DOCKER_CMD: §"sh -c \'x"}')),
    ("bad-format", task("constants: {DOCKER_WORKDIR: §job}")),
    ("bad-format", task("constants: {DOCKER_USER: §a b}")),
    ("bad-format", task("constants: {DOCKER_HOST: §a b}")),
    ("bad-format", using("{M: §much}", "{M: {}}", "image: x, resources: {memory: '${M}'}")),
    ("out-of-range", using("{C: §-1}", "{C: {}}", "image: x, resources: {cpus: '${C}'}")),
    ("unknown-value", using("{N: §hots}", "{N: {}}", "image: x, network: '${N}'")),
    ("wrong-type", using("{I: §perhaps}", "{I: {}}", "image: x, init: '${I}'")),
    ("bad-image", using("{A: §B}", "{A: {}, X: {default: '${A}'}}", "image: 'a/${X}'")),
]

SEVERAL = [
    (
        "wrong-type out-of-range unknown-field unknown-value forbidden-bind",
        task(
            "env: {A: §[1]}\ninstances: §-1\nrollout: {§x: 1}\ncontainer:\n"
            "  stop: {signal: §SIGTERN}\n  mounts: [{type: bind, source: §/etc, target: /x}]"
        ),
    ),
    ("duplicate-key unknown-field", task("instances: 1\n§instances: 2\n§colour: red")),
    ("bad-image bad-format", task("constants: {DOCKER_TAG: §'a b', DOCKER_USER: §'c d'}")),
    (
        "unknown-value unknown-value",
        (
            "apiVersion: reconciler/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  tasks:\n"
            "  - {name: a, restart: §yes}\n  - {name: b, container: {stop: {signal: §NOSIG}}}\n"
        ),
    ),
]

ALL = SYNTAX + ENVELOPE + FIELDS + CONTAINER + REFERENCES + SUPPLIED + SEVERAL


def marked(text: str) -> list[str]:
    """Return the places of the marks as LINE:COLUMN of the text without them."""
    places = []
    for before in range(text.count(MARK)):
        head = MARK.join(text.split(MARK)[: before + 1]).replace(MARK, "")
        lines = head.split("\n")
        places.append(f"{len(lines)}:{len(lines[-1]) + 1}")
    return places


@pytest.mark.parametrize(("codes", "text"), ALL, ids=[f"{i}-{c[0]}" for i, c in enumerate(ALL)])
def test_says_what_and_where(codes: str, text: str) -> None:
    catalog = load(text.replace(MARK, ""), policy=CLOSED)
    found = [(p.code, f"{p.at.line}:{p.at.column}") for p in catalog.problems]
    assert found == list(zip(codes.split(), marked(text), strict=True))
    assert catalog.desired is None
    assert all(problem.message for problem in catalog.problems)


def test_the_table_is_long_enough() -> None:
    assert len(ALL) >= 120


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (task("profil: x"), "unknown field 'profil' in spec", "Did you mean 'profile'?"),
        (task("command: x"), "unknown field 'command' in spec", "It belongs in spec.container."),
        (task("profile: docker-bach"), "there is no profile 'docker-bach'",
         "Did you mean 'docker-batch'?"),
        (task("constants: {DOCKER_TAGG: x}"),
         "profile docker-batch declares no constant 'DOCKER_TAGG'", "Did you mean 'DOCKER_TAG'?"),
        (task("instances: -1"), "instances: -1 is less than 0", ""),
        (image("resources: {memory: 1 GB}"), "container.resources.memory: '1 GB' is no size",
         "For example: 512Mi, 2G, 1048576."),
        (image("network: brigde"), "container.network: 'brigde' is no network",
         "Did you mean 'bridge'?"),
        (task("constants: {DOCKER_CMD: \"sh -c 'x\"}"),
         "command: cannot be split into words: no closing quotation in \"sh -c 'x\"",
         "Close the quote, or give a list of words."),
        (task("", name="5"), "metadata.name: expected a name, found the number 5",
         "Quote it, for it is to be text."),
    ],
)  # fmt: skip
def test_wording(text: str, message: str, hint: str) -> None:
    (problem,) = load(text).problems
    assert (problem.message, hint or problem.hint) == (message, problem.hint)


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (task("§profil: x"), "/spec/profil"),
        (task("env: {'a/b~c': 1}"), "/spec/env/a~1b~0c"),
        (image("mounts: [{type: bund, target: /x}]"), "/spec/container/mounts/0/type"),
        (task("constants: {DOCKER_TAG: 'a b'}"), "/spec/constants/DOCKER_TAG"),
        (task("env: {RUN: 1}"), "/spec/env/RUN"),
    ],
)
def test_pointers(text: str, pointer: str) -> None:
    (problem,) = load(text.replace(MARK, "")).problems
    assert problem.pointer == pointer


def test_bytes_that_are_no_text() -> None:
    files = {
        "a.yaml": b"\xef\xbb\xbfa: !\n  \x98",
        "b.yaml": b"a: \xff",
        "c.yaml": b"x" * (2 << 20),
        "d.yaml": b"- a\n" * 200_000,
    }
    problems = manifests.load(files, project="p", revision="r").problems
    assert [(p.at.path, p.at.line, p.at.column, p.code) for p in problems] == [
        ("a.yaml", 2, 3, "not-utf8"),
        ("b.yaml", 1, 4, "not-utf8"),
        ("c.yaml", 1, 1, "file-too-large"),
        ("d.yaml", 100_000, 3, "too-many-values"),
    ]


def test_a_thousand_documents_or_tasks_of_a_job_are_the_most() -> None:
    many = "---\n".join(task("", f"t{number}") for number in range(1001))
    (problem,) = load(many).problems
    assert (problem.code, str(problem.at)) == ("too-many-documents", "a.yaml:5001:1")
    assert load(many[: many.rindex("---")]).problems == ()
    job = "tasks:\n" + "".join(f"- {{name: t{number}}}\n" for number in range(1001))
    (problem,) = load(document("Job", "j", job)).problems
    assert (problem.code, problem.pointer) == ("out-of-range", "/spec/tasks")


def test_problems_are_sorted_by_place_across_files() -> None:
    files = {"z.yaml": task("a: 1\nb: 2", "z"), "b.yaml": task("x: 1", "b")}
    places = [str(problem.at) for problem in load(files).problems]
    assert places == ["b.yaml:5:3", "z.yaml:5:3", "z.yaml:6:3"]
