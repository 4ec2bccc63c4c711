"""The starter folder's files, as `init` writes them; PROJECT stands for the project's name.

Decides their words. Beside them stands a copy of the schema, in a hidden folder, for those are not
read as manifests: each file's first line leads editors to it, without a network.
"""

from typing import Final

SCHEMA: Final = ".reconciler/schema.json"
_MODELINE: Final = f"# yaml-language-server: $schema={SCHEMA}\n"

_SOURCE: Final = """\
# The source's own configuration. Containers are named after the project, so do not change the
# name while any of them exist.
project: PROJECT
"""

_HELLO: Final = """\
apiVersion: reconciler/v1
kind: Task
metadata:
  name: hello
spec:
  profile: docker-batch            # one command per instance, no network: `reconciler profiles`
  instances: 3                     # raise it and apply again: only the new ones run
  constants:
    DOCKER_REPO: busybox
    DOCKER_TAG: stable
    DOCKER_CMD: sh -c 'echo "hello from instance $INSTANCE_ID of $INSTANCE_COUNT"; sleep 1'
  retry:
    perInstance: 1                 # another attempt, should one fail
"""

_SERVICE: Final = """\
# A service runs until it is told to stop, and comes back when it ends. Remove the `# ` in front
# of each line below, then: reconciler plan
#
# apiVersion: reconciler/v1
# kind: Task
# metadata:
#   name: clock
# spec:
#   profile: docker-service
#   instances: 1
#   constants:
#     DOCKER_REPO: busybox
#     DOCKER_TAG: stable
#     DOCKER_CMD: sh -c 'while true; do date; sleep 5; done'
"""

_README: Final = """\
# PROJECT

What should run is declared in this folder; `reconciler` makes it so on the local Docker Engine.

| file | holds |
|---|---|
| `reconciler.yaml` | the project's name |
| `hello.yaml` | a batch task: three instances, each prints a line and ends |
| `clock.yaml` | a service, commented out |

From inside this folder:

    reconciler validate        is it well-formed?
    reconciler plan            what would happen, and why?
    reconciler apply --wait    make it so, and wait for the outcome
    reconciler status          where does everything stand?
    reconciler logs hello      what did it print?
    reconciler run             keep it so, and follow every edit
    reconciler destroy         take it all away

Files and folders may be arranged as you like: a manifest is known by its kind and name. What a
manifest may say is told by `reconciler schema Task`.

The first line of each file lets editors complete and check it as you type: VS Code with its YAML
extension, and every other one that has yaml-language-server. It leads to a copy of the schema in
`.reconciler/`. After an upgrade of `reconciler`, refresh it:

    reconciler schema all > .reconciler/schema.json
"""

FILES: Final = {
    "reconciler.yaml": _MODELINE + _SOURCE,
    "hello.yaml": _MODELINE + _HELLO,
    "clock.yaml": _MODELINE + _SERVICE,
    "README.md": _README,
}
