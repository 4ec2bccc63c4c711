from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reconciler import manifests
from reconciler.manifests import schemas
from reconciler.manifests.shipped import profile_names, schema_file

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted({path.parent for path in (ROOT / "examples").glob("*/*.yaml")})


@pytest.mark.parametrize("name", schemas.FILES)
def test_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(schema_file(name))
    assert (ROOT / "schemas" / "v1" / f"{name}.json").is_file()


def test_every_kind_has_its_schema() -> None:
    assert manifests.kinds() == schemas.KINDS
    assert [manifests.schema(kind)["title"] for kind in manifests.kinds()] == list(schemas.KINDS)
    with pytest.raises(KeyError):
        manifests.schema("Tsak")


def undescribed(schema: object, where: str = "") -> list[str]:
    """Return the fields that have neither title nor description, here or where they refer to."""
    if not isinstance(schema, dict):
        return []
    fields = schema.get("properties", {}) if not where.endswith("/properties") else {}
    bare = [name for name, field in fields.items() if not {"$ref", "title"} & set(field)]
    below = [undescribed(value, f"{where}/{key}") for key, value in schema.items()]
    return [f"{where}/{name}" for name in bare] + [name for names in below for name in names]


@pytest.mark.parametrize("name", schemas.FILES)
def test_fields_are_described(name: str) -> None:
    assert undescribed(schema_file(name)) == []


def examples(schema: object, name: str, where: str = "") -> list[tuple[str, object]]:
    """Return each example and default with the reference of the schema that it belongs to."""
    found: list[tuple[str, object]] = []
    if isinstance(schema, dict):
        fields = where.endswith("/properties")
        if where and not fields:
            values = schema.get("examples", []) + [
                schema[key] for key in schema if key == "default"
            ]
            found += [(f"{name}#{where}", value) for value in values]
        for key, value in schema.items():
            if fields or key not in {"examples", "default", "enum"}:
                found += examples(value, name, f"{where}/{key}")
    return found


@pytest.mark.parametrize("name", schemas.FILES)
def test_examples_and_defaults_are_valid(name: str) -> None:
    for where, value in examples(schema_file(name), name):
        assert schemas.accepts(where, value), where  # type: ignore[arg-type]  # any JSON


def test_standard_profiles_are_sound() -> None:
    assert profile_names() == (
        "docker-batch",
        "docker-cluster",
        "docker-cluster-network",
        "docker-cluster-network-ssh",
        "docker-host-user",
        "docker-network",
        "docker-network-ssh",
        "docker-service",
    )
    for profile in manifests.profiles():
        assert profile.description.endswith(".")
        assert profile.constants["RESOURCES_PATH"] == "/job"
        assert profile.constants["DOCKER_REPO"] == "library/busybox"
        assert f"name: {profile.name}\n" in profile.text


@pytest.mark.parametrize("folder", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_examples_are_valid_and_use_the_image_at_hand(folder: Path) -> None:
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.yaml")}
    catalog = manifests.load(files, project=folder.name, revision="r")
    assert catalog.problems == ()
    assert catalog.desired is not None
    assert {task.spec.image for task in catalog.desired.tasks.values()} == {"busybox:stable"}
    assert (folder / "README.md").is_file()
