"""Manifests as a program would write them: tasks of about 1 kB, each different."""

import time
from pathlib import Path

_FOLDERS = 50


def write_corpus(
    folder: Path, count: int, *, project: str = "bench", suspend: bool = False
) -> Path:
    """Write a source of so many tasks; suspended ones make no container. Return the folder."""
    for number in range(count):
        path = _path(folder, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_task(number, suspend=suspend))
    (folder / "reconciler.yaml").write_text(f"project: {project}\n")
    return folder


def change(folder: Path, number: int, *, suspend: bool = False) -> None:
    """Write another value into one task, one that no earlier call has written."""
    path = _path(folder, number)
    path.write_text(_task(number, mark=f"{time.time_ns()}", suspend=suspend))


def _path(folder: Path, number: int) -> Path:
    return folder / f"team-{number % _FOLDERS:02}" / f"t{number:05}.yaml"


def _task(number: int, *, mark: str = "none", suspend: bool = False) -> str:
    return f"""\
apiVersion: reconciler/v1
kind: Task
metadata:
  name: sim-{number:05}
  labels: {{team: physics, sweep: "{number % 17}"}}
  annotations:
    owner: someone@example.org
    purpose: one step of the sweep over energies, see the notes of the group
spec:
  profile: docker-batch
  instances: {1 + number % 8}
  parallelism: 4
  suspend: {"true" if suspend else "false"}
  constants:
    DOCKER_REPO: registry.example.org/physics/monte-carlo
    DOCKER_TAG: "2026.{number % 12}"
    DOCKER_CMD: >-
      sh -c 'python3 simulate.py --seed $INSTANCE_ID --samples $SAMPLES
      --energy {number * 0.25:.2f} --out /job/out-$INSTANCE_ID.csv'
  env:
    SAMPLES: "{100000 + number}"
    OMP_NUM_THREADS: "2"
    RUN_LABEL: sweep-{number % 17}
    MARK: "{mark}"
  container:
    resources:
      cpus: {1 + number % 3}
      memory: {512 + 256 * (number % 4)}Mi
      pids: 256
    stop: {{signal: SIGTERM, grace: 20s}}
    mounts:
      - type: volume
        source: results
        target: /job
        readOnly: false
  # retries are for the cluster's bad days
  retry:
    perInstance: 2
    backoff: {{initial: 1s, factor: 2, max: 5m, jitter: 0.1}}
  placement:
    nodes: {{}}
"""
