"""Valid manifests with every field that there is."""

from tests.manifests.loaded import document, profile, task

TASK = task(
    """\
profile: every
job: j
priority: 3
pool: nightly
instances: {matrix: {alpha: [1, 2], beta: [a, b]}}
parallelism: 4
constants: {CMD: "run ${alpha} $beta ${INSTANCE_ID}"}
env: {SAMPLES: "100000", WHICH: "${beta}"}
secrets:
- {name: TOKEN, from: {env: MY_TOKEN}, as: file, target: /run/secrets/token}
- {name: KEY, from: {file: /srv/key}, as: env}
- {name: CERT, from: {age: secrets/cert.age}}
inputs:
- {bucket: scripts, prefix: "pi/${TASK_NAME}/", stripPrefix: pi/, target: /job}
- {bucket: data, target: /job}
outputs:
  bucket: results
  prefix: "pi/${INSTANCE_ID}/${alpha}/"
  source: /job
  include: ["**/*.csv", "[a-z]?.txt"]
  exclude: [tmp/**]
  snapshotEvery: 30s
  onFailure: upload
  onCancel: discard
restart: on-failure
retry:
  perInstance: 2
  total: 10
  backoff: {initial: 1s, factor: 2, max: 5m, jitter: 0.1}
  exitCodes: {retry: [75], fail: [2, 255]}
success: {minSucceeded: 3}
timeout: 10m
queueTimeout: 1h
schedule: {cron: "*/15 8-18 * * MON-FRI", timezone: Europe/Berlin, overlap: replace}
dependsOn: [{task: prepare, condition: any}, {task: other}]
placement: {spread: zone, gang: true, onNodeLoss: replace}
onChange: finish
onScale: rerun
rerun: 1
cache: true
progress: ['epoch (\\d+)/(\\d+)', '(?P<done>[0-9]+)%']
ttl: 7d
suspend: true
container:
  account: {entries: true, name: ada, home: /home/ada}
  image: {build: {context: images/solver, file: Dockerfile.gpu, args: {PYTHON: 3.13}}}
  resources: {gpus: 1, devices: [/dev/fuse, "/dev/ttyUSB0:/dev/modem:rw"]}
"""
)
PROFILE = profile(
    """\
description: Everything.
constants: {CMD: {default: mpi}, KEYS: {default: ssh-rsa AAAA me}, PASSWORD: {secret: true}}
container:
  image: {name: "x:1", registryAuth: {username: me, password: "${PASSWORD}"}}
  network: cluster
  command: "${CMD}"
task: {pool: nightly, priority: 1, ttl: 1d, progress: ['step (1) of ${CMD}']}
cluster:
  masterCommand: "${CMD} ${INSTANCE_ID}"
  workerCommand: [sleep, 1]
  hostfile: /job/hostfile
  slots: 2
  ssh: {port: 2022}
ssh: {port: 22, authorizedKeys: "${KEYS}"}
""",
    "every",
)
SERVICE = task(
    """\
profile: docker-service
rollout: {maxSurge: 1, maxUnavailable: 2}
queueTimeout: 5m
container:
  image: {archive: images/web.tgz}
  network: host
""",
    "web",
)
JOB = document(
    "Job",
    "j",
    """\
pool: nightly
deadline: 2h
onTaskFailure: cancel
suspend: true
ttl: 7d
tasks:
- {name: prepare, schedule: {cron: "0 2 * * *"}, retry: {total: 0}}
- {name: other, container: {image: {name: x, registryAuth: {credentials: lab}}}}
""",
)
ALL = (TASK, PROFILE, SERVICE, JOB)
# What the manifests of tests refer to, so that they can be looked at by themselves.
OTHERS = "---\n".join(
    [document("Pool", name, "") for name in ("nightly", "p")]
    + [document("Bucket", name, "url: file:///b") for name in ("b", "data", "results", "scripts")]
    + [task("", "x")]
)
