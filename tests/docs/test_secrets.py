"""What docs/secrets.md shows is so."""

import re

import pytest

from reconciler import manifests
from reconciler.model.confidence import Origin, UsedSecret
from tests.support.shell import ROOT

PAGE = (ROOT / "docs" / "secrets.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("name", "text"), BLOCKS, ids=[name for name, _ in BLOCKS])
def test_manifests(name: str, text: str) -> None:
    files = {name: text.encode(), "secrets/cert.age": b"sealed"}
    catalog = manifests.load(files, project="p", revision="r")
    assert catalog.problems == ()
    assert catalog.desired is not None
    told = {task: found.spec.secrets for task, found in catalog.desired.tasks.items()}
    assert (
        told
        == {
            "secrets.yaml": {
                "publish": (
                    UsedSecret(name="API_KEY", origin=Origin(env="LAB_API_KEY")),
                    UsedSecret(
                        name="CERT",
                        origin=Origin(age="secrets/cert.age"),
                        target="/etc/publish/cert.pem",
                    ),
                    UsedSecret(
                        name="TOKEN",
                        origin=Origin(file="/etc/lab/token"),
                        target="/run/secrets/TOKEN",
                    ),
                )
            },
            "constants.yaml": {
                "report": (
                    UsedSecret(name="PGPASSWORD", origin=Origin(file="/etc/lab/db-password")),
                )
            },
        }[name]
    )
