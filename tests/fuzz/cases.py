"""What is tried: a source, or a configuration, as chance has it.

Decides how much of what is tried. The same chance gives the same case.
"""

from random import Random

from msgspec import Struct

from tests.fuzz.corpus import Source, faulty, valid
from tests.fuzz.mutating import TOKENS, mutate
from tests.fuzz.writing import configuration, manifest


class Case(Struct, frozen=True):
    """Files to be looked at; `path` is the one that is not as it was in `origin`."""

    origin: str
    files: dict[str, bytes]
    path: str
    operator: bool = False

    @property
    def data(self) -> bytes:
        """What is to be tried."""
        return self.files[self.path]


def case(chance: Random) -> Case:
    """Return what chance has it."""
    kind = chance.random()
    if kind < 0.15:
        return written(chance)
    if kind < 0.17:
        return noise(chance)
    if kind < 0.22:
        return joined(chance)
    return mutated(chance.choice(valid() if kind < 0.85 else faulty()), chance)


def joined(chance: Random) -> Case:
    """Return several sources as folders of one, for they speak of each other by name."""
    files: dict[str, bytes] = {}
    for number in range(chance.choice([2, 2, 3])):
        source = chance.choice(chance.choice([valid(), faulty()]))
        files |= {f"{number}/{path}": data for path, data in source.files.items()}
        # What manifests name by its path from the root stays there.
        files |= {path: data for path, data in source.files.items() if path.endswith(".age")}
    return Case("joined", files, chance.choice(sorted(files)))


def mutated(source: Source, chance: Random) -> Case:
    """Return a source with one file mutated, in its own place or in the configuration's."""
    path = chance.choice(sorted(source.files))
    data = mutate(source.files[path], chance)
    if not source.operator and chance.random() < 0.02:
        path = "reconciler.yaml"
    return Case(source.name, {**source.files, path: data}, path, source.operator)


def written(chance: Random) -> Case:
    """Return what has been made up from the schemas, maybe mutated."""
    name = chance.choice(["manifest"] * 8 + ["source", "operator"])
    text = manifest(chance) if name == "manifest" else configuration(name, chance)
    data = text.encode("utf-8", "surrogatepass")
    path = "reconciler.yaml" if name == "source" else "a.yaml"
    if chance.random() < 0.3:
        data = mutate(data, chance)
    return Case(name, {path: data}, path, name == "operator")


def noise(chance: Random) -> Case:
    """Return what at best looks like YAML."""
    said = "".join(chance.choice(TOKENS) for _ in range(chance.randrange(40)))
    data = said.encode("utf-8", "surrogatepass") if chance.random() < 0.7 else chance.randbytes(99)
    return Case("noise", {"a.yaml": data}, "a.yaml", operator=chance.random() < 0.1)
