"""Invalid manifests, as in test_invalid: the fields of Task, Job and Profile and their meaning."""

import pytest

from tests.manifests import complete
from tests.manifests.complete import PROFILE
from tests.manifests.loaded import document, load, profile, task
from tests.manifests.test_invalid import MARK, image, marked, using

DIGEST = "sha256:" + "a" * 64


def job(spec: str) -> str:
    return document("Job", "j", spec)


def service(rest: str) -> str:
    return task("profile: docker-service\n" + rest)


INSTANCES = [
    ("wrong-type", task("instances: {matrix: §[a]}")),
    ("out-of-range", task("instances: {matrix: §{}}")),
    ("missing-field", task("instances: §{}")),
    ("missing-field unknown-field", task("instances: §{§matrx: {a: [1]}}")),
    ("out-of-range", task("instances: {matrix: {a: §[]}}")),
    ("wrong-type", task("instances: {matrix: {a: §1}}")),
    ("wrong-type", task("instances: {matrix: {a: [§{b: c}]}}")),
    ("bad-name", task("instances: {matrix: {§a-b: [1]}}")),
    ("reserved-name", task("instances: {matrix: {§RUN: [1]}}")),
    ("duplicate-value", task("instances: {matrix: {a: [1, 2, §'1']}}")),
    ("duplicate-variable", task("instances: {matrix: {§A: [1]}}\nenv: {A: 2}")),
    ("duplicate-variable", task("instances: {matrix: {§DOCKER_TAG: [a]}}")),
    ("out-of-range", task("instances:\n  §matrix:\n" + "".join(
        f"    {name}: [{', '.join(map(str, range(50)))}]\n" for name in "abc"))),
    ("misplaced-builtin", task("instances: {matrix: {a: [1]}}\n"
                               "container: {image: §'x:${a}'}")),
    ("unknown-constant", task("instances: {matrix: {a: [1]}}\nenv: {B: §'${b}'}")),
]  # fmt: skip

SECRETS = [
    ("missing-field", task("secrets: [§{name: A}]")),
    ("missing-field", task("secrets: [{name: A, §from: {}}]")),
    ("excluded-field", task("secrets: [{name: A, from: {env: X, §file: /x}}]")),
    ("excluded-field excluded-field",
     task("secrets: [{name: A, from: {age: a, §env: X, §file: /x}}]")),
    ("bad-format", task("secrets: [{name: A, from: {file: §x}}]")),
    ("bad-format", task("secrets: [{name: A, from: {env: §a b}}]")),
    ("bad-path", task("secrets: [{name: A, from: {age: §../x}}]")),
    ("bad-path", task("secrets: [{name: A, from: {age: §/x}}]")),
    ("bad-format", task("secrets: [{name: §a b, from: {env: X}}]")),
    ("bad-format", task("secrets: [{name: A, from: {env: X}, target: §x}]")),
    ("unknown-value", task("secrets: [{name: A, from: {env: X}, as: §envv}]")),
    ("excluded-field", task("secrets: [{name: A, from: {env: X}, as: env, §target: /x}]")),
    ("duplicate-value", task("secrets: [{name: A, from: {env: X}}, {name: §A, from: {env: Y}}]")),
    ("duplicate-target", task("secrets: [{name: A, from: {env: X}, target: /run/secrets/B},\n"
                              "  {name: B, from: {env: X}, target: §/run/secrets/./B}]")),
    ("duplicate-variable", task("env: {A: 1}\nsecrets: [{name: §A, from: {env: X}, as: env}]")),
    ("reserved-name", task("secrets: [{name: §RUN, from: {env: X}, as: env}]")),
]  # fmt: skip

TRANSFERS = [
    ("missing-field", task("inputs: [§{bucket: b}]")),
    ("missing-field", task("inputs: [§{target: /x}]")),
    ("bad-format", task("inputs: [{bucket: b, target: §x}]")),
    ("bad-name", task("inputs: [{bucket: §B!, target: /x}]")),
    ("bad-prefix", task("inputs: [{bucket: b, target: /x, prefix: §/a}]")),
    ("bad-prefix", task("inputs: [{bucket: b, target: /x, prefix: §a/../b}]")),
    ("bad-prefix", task("inputs: [{bucket: b, target: /x, prefix: a/, stripPrefix: §b/}]")),
    ("unknown-constant", task("inputs: [{bucket: b, target: /x, prefix: §'${A}'}]")),
    ("misplaced-builtin", task("inputs: [{bucket: b, target: §'/x/${RUN}'}]")),
    ("duplicate-target", image("mounts: [{type: tmpfs, target: /x}]")
     + "  inputs: [{bucket: b, target: §/x/in}]\n"),
    ("duplicate-target", image("mounts: [{type: tmpfs, target: /run/secrets}]")
     + "  secrets: [§{name: A, from: {env: X}}]\n"),
    ("missing-field missing-field", task("§§outputs: {prefix: a}")),
    ("bad-format", task("outputs: {bucket: b, source: §x}")),
    ("bad-format", task("outputs: {bucket: b, source: /x, snapshotEvery: §often}")),
    ("unknown-value", task("outputs: {bucket: b, source: /x, onFailure: §keep}")),
    ("bad-format", task("outputs: {bucket: b, source: /x, include: [§/a]}")),
    ("bad-format", task("outputs: {bucket: b, source: /x, include: [§../a]}")),
    ("bad-format", task("outputs: {bucket: b, source: /x, exclude: [a, §'a**']}")),
    ("bad-format", task("outputs: {bucket: b, source: /x, exclude: [§'[a']}")),
    ("out-of-range", task("outputs: {bucket: b, source: /x, include: [§'']}")),
    ("excluded-field", image("mounts: [{type: tmpfs, target: /x}]")
     + "  outputs: {bucket: b, source: §/x}\n"),
]  # fmt: skip

TIMES = [
    ("out-of-range", task("timeout: §0")),
    ("bad-format", task("timeout: §10 minutes")),
    ("out-of-range", task("queueTimeout: §0s")),
    ("bad-format", task("ttl: §1w")),
    ("bad-format", task("ttl: §1.0001s")),
    ("missing-field", task("§schedule: {timezone: UTC}")),
    ("bad-format", task("schedule: {cron: §'@daily'}")),
    ("bad-format", task("schedule: {cron: §'0 0 2 * * *'}")),
    ("bad-format", task("schedule: {cron: §'0 25 * * *'}")),
    ("bad-format", task("schedule: {cron: §'0 0 30 2 *'}")),
    ("bad-format", task("schedule: {cron: §'0 0 * FOO *'}")),
    ("bad-format", task("schedule: {cron: §'0 0 * 5-2 *'}")),
    ("unknown-value", task("schedule: {cron: 0 0 * * *, timezone: §Europe/Berln}")),
    ("unknown-value", task("schedule: {cron: 0 0 * * *, timezone: §Europe}")),
    ("bad-format", task("schedule: {cron: 0 0 * * *, timezone: §../UTC}")),
    ("unknown-value", task("schedule: {cron: 0 0 * * *, overlap: §forbit}")),
    ("unknown-field", task("schedule: {cron: 0 0 * * *, §catchUp: true}")),
]

MEANING = [
    ("out-of-range", task("priority: §1001")),
    ("wrong-type", task("priority: §high")),
    ("bad-name", task("pool: §A")),
    ("wrong-type", task("retry: {total: §many}")),
    ("out-of-range", task("retry: {exitCodes: {retry: [1, §256]}}")),
    ("out-of-range", task("retry: {exitCodes: {fail: [§-1]}}")),
    ("duplicate-value", task("retry: {exitCodes: {retry: [1, 2], fail: [3, §2]}}")),
    ("duplicate-value", task("retry: {exitCodes: {retry: [1, §1]}}")),
    ("wrong-type", task("success: §3")),
    ("out-of-range", task("instances: 2\nsuccess: {minSucceeded: §3}")),
    ("out-of-range", task("instances: {matrix: {a: [1, 2]}}\nsuccess: {minSucceeded: §3}")),
    ("wrong-type", task("dependsOn: [§prepare]")),
    ("missing-field", task("dependsOn: [§{condition: any}]")),
    ("unknown-value", task("dependsOn: [{task: a, condition: §sucess}]")),
    ("duplicate-value", task("dependsOn: [{task: x}, {task: §x, condition: any}]")),
    ("bad-format", task("placement: {spread: §'a b'}")),
    ("wrong-type", task("placement: {gang: §'yes'}")),
    ("unknown-value", task("placement: {onNodeLoss: §move}")),
    ("unknown-value", task("onChange: §finsh")),
    ("unknown-value", task("onScale: §retry")),
    ("out-of-range", service("rollout: {maxSurge: §-1}")),
    ("wrong-type", task("cache: §1")),
    ("wrong-type", task("suspend: §'true'")),
    ("wrong-type", task("suspend: §'$${A}'")),
    ("wrong-type", task("priority: §'$${A}'")),
    ("bad-format", task("progress: [§'(?=a)(b)']")),
    ("bad-format", task("progress: [§'no group']")),
    ("bad-format", task("progress: ['(a)', §'(a)(b)(c)']")),
    ("bad-format", task("progress: [§'a)(b']")),
    ("bad-format", task("progress: [§'[(]']")),
    ("out-of-range", task("progress: §" + str(["(a)"] * 9))),
    ("wrong-type", task("progress: §'(a)'")),
]

EXCLUDED = [
    ("excluded-field", task("restart: always\n§schedule: {cron: 0 0 * * *}")),
    ("excluded-field", service("§timeout: 1h")),
    ("excluded-field", service("§ttl: 1h")),
    ("excluded-field", service("§success: {minSucceeded: 1}")),
    ("excluded-field", service("§cache: true")),
    ("excluded-field", service("§onChange: finish")),
    ("excluded-field", service("§onScale: rerun")),
    ("excluded-field", task("§rollout: {maxUnavailable: 2}")),
    ("excluded-field", task("profile: mine") + "---\n"
     + profile("container: {image: x}\ntask: {restart: always, §timeout: 1h}")),
    ("excluded-field", task("instances: 3\nparallelism: §2\nplacement: {gang: true}")),
    ("excluded-field", service("rollout: {maxSurge: §1}\nplacement: {gang: true}")),
    ("excluded-field", service("rollout: {maxSurge: §1}\n"
                               "container: {ports: [{container: 80, host: 80}]}")),
    ("excluded-field", task("pool: p\nplacement: {§nodes: {zone: a}}")),
    ("excluded-field", image("network: host\nports: [§{container: 80}]")),
    ("excluded-field", task("container: {image: {name: x, §build: {context: .}}}")),
    ("excluded-field", task("container: {image: {archive: x, §build: {context: .}}}")),
    ("excluded-field", task(f"container: {{image: {{build: {{}}, §digest: '{DIGEST}'}}}}")),
    ("excluded-field", task("container: {image: {archive: a, §pull: never}}")),
    ("excluded-field", task("container: {image: {archive: a, §registryAuth: {}}}")),
    ("excluded-field", task("container: {image: {name: x, registryAuth: "
                            "{credentials: c, §username: u}}}")),
]  # fmt: skip

IMAGES = [
    ("bad-path", task("container: {image: {archive: §/a.tgz}}")),
    ("bad-path", task("container: {image: {archive: §a/../../b.tgz}}")),
    ("bad-path", task("container: {image: {build: {context: §../a}}}")),
    ("bad-path", task("container: {image: {build: {file: §/Dockerfile}}}")),
    ("bad-name", task("container: {image: {build: {args: {§a b: 1}}}}")),
    ("wrong-type", task("container: {image: {build: §.}}")),
    ("secret-literal", task("container: {image: {name: x, registryAuth: {password: §x}}}")),
    ("secret-literal", using("{A: §x}", "{A: {}}",
                             "image: {name: x, registryAuth: {password: '${A}'}}")),
    ("out-of-range", image("resources: {gpus: §-1}")),
    ("bad-format", image("resources: {devices: [§fuse]}")),
    ("bad-format", image("resources: {devices: [/dev/fuse, §'/dev/../etc']}")),
    ("bad-format", image("resources: {devices: [§'/dev/a:/dev/b:x']}")),
    ("unknown-value", image("network: §overlay")),
    ("out-of-range", image("resources: {ulimits: {core: {soft: §-2, hard: 0}}}")),
]  # fmt: skip

JOBS = [
    ("bad-name", job("pool: §A")),
    ("out-of-range", job("deadline: §0")),
    ("bad-format", job("deadline: §soon")),
    ("bad-format", job("deadline: §'${X}'")),
    ("unknown-value", job("onTaskFailure: §stop")),
    ("wrong-type", job("suspend: §'${X}'")),
    ("bad-format", job("ttl: §1y")),
    ("out-of-range unknown-value", job("deadline: §0\ntasks: [{name: a, onChange: §x}]")),
    ("excluded-field", job("tasks: [{name: a, restart: always, §ttl: 1d}]")),
    ("unknown-field", job("§priority: 1")),
    ("unknown-field", profile("task: {§suspend: true}")),
    ("unknown-constant", profile("ssh: {authorizedKeys: §'${K}'}")),
    ("out-of-range", profile("cluster: {slots: §0}")),
    ("bad-format", profile("cluster: {hostfile: §hosts}")),
    ("excluded-field", task("profile: every\nconstants: {CMD: x}\n"
                            "container: {network: §bridge}") + "---\n" + PROFILE),
    ("bad-command", task("profile: every\nconstants: {CMD: §x'}\ncontainer: {command: []}")
     + "---\n" + PROFILE),
]  # fmt: skip

ALL = [
    *INSTANCES, *SECRETS, *TRANSFERS, *TIMES, *MEANING, *EXCLUDED, *IMAGES, *JOBS,
]  # fmt: skip


@pytest.mark.parametrize(("codes", "text"), ALL, ids=[f"{i}-{c[0]}" for i, c in enumerate(ALL)])
def test_says_what_and_where(codes: str, text: str) -> None:
    catalog = load({"a.yaml": text.replace(MARK, ""), "others.yaml": complete.OTHERS})
    own = [problem for problem in catalog.problems if problem.at.path == "a.yaml"]
    found = [(p.code, f"{p.at.line}:{p.at.column}") for p in own]
    assert found == list(zip(codes.split(), marked(text), strict=True))
    assert catalog.desired is None


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (task("schedule: {cron: '@daily'}"), "cron: '@daily' has 1 fields, not 5",
         "Write '0 0 * * *'."),
        (task("schedule: {cron: '0 25 * * *'}"),
         "cron: '0 25 * * *' is no cron expression: bad hour",
         "Five fields: minute, hour, day of month, month, day of week."),
        (task("schedule: {cron: '0 0 * * *', timezone: Europe/Berln}"),
         "timezone: 'Europe/Berln' is no time zone", "Did you mean 'Europe/Berlin'?"),
        (task("retry: {exitCodes: {retry: [2], fail: [2]}}"),
         "the exit code 2 is in retry and in fail", "Keep one of them."),
        (task("instances: 2\nsuccess: {minSucceeded: 3}"),
         "minSucceeded: 3 is more than the 2 instances that there are",
         "Lower it, or add instances."),
        (task("secrets: [{name: A, from: {env: X, file: /x}}]"),
         "the secret comes from env already", "Keep one of env, file and age."),
        (task("suspnd: true"), "unknown field 'suspnd' in spec", "Did you mean 'suspend'?"),
        (task("gang: true"), "unknown field 'gang' in spec", "It belongs in spec.placement."),
    ],
)  # fmt: skip
def test_wording(text: str, message: str, hint: str) -> None:
    (problem,) = load(text).problems
    assert (problem.message, problem.hint) == (message, hint)


def test_a_password_is_not_repeated() -> None:
    text = task("container: {image: {name: x, registryAuth: {password: hunter2}}}")
    (problem,) = load(text).problems
    assert "hunter2" not in problem.message + problem.hint
