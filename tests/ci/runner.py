"""What a runner of GitHub does with a composite action, as far as this project's one asks it to."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.ci.repository import ROOT, environment

EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))


def steps() -> list[dict[str, Any]]:
    """Return the steps of the action that are scripts."""
    return [step for step in ACTION["runs"]["steps"] if "run" in step]


@dataclass
class Runner:
    """One job in a checkout. `context` is what expressions see."""

    work: Path
    temp: Path
    context: dict[str, Any]
    path: str
    said: str = ""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    def run(self, skip: str = "Install reconciler") -> int:
        """Run the scripts until one fails; return the exit code of the last."""
        for step in steps():
            if step["name"] != skip and self.wanted(step) and (code := self.step(step)):
                return code
        return 0

    def wanted(self, step: dict[str, Any]) -> bool:
        return bool(self.value(step["if"])) if "if" in step else True

    def step(self, step: dict[str, Any]) -> int:
        assert step["shell"] == "bash"
        script, output = self.temp / "script.sh", self.temp / "output"
        script.write_text(step["run"])
        output.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.work,
            env=environment(
                PATH=f"{self.path}:{environment()['PATH']}",
                RUNNER_TEMP=str(self.temp),
                GITHUB_ACTION_PATH=str(ROOT),
                GITHUB_OUTPUT=str(output),
                GITHUB_STEP_SUMMARY=str(self.temp / "summary.md"),
                PIP_CONFIG_FILE=os.environ.get("PIP_CONFIG_FILE", ""),
                **{name: self.text(value) for name, value in step.get("env", {}).items()},
            ),
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        self.said += done.stdout + done.stderr
        pairs = [line.partition("=") for line in output.read_text().splitlines()]
        self.outputs[step.get("id", "")] = {name: value for name, _, value in pairs}
        return done.returncode

    def text(self, template: str) -> str:
        """Return a text with its expressions evaluated."""
        return EXPRESSION.sub(lambda found: str(self.value(found[1]) or ""), template)

    def value(self, expression: str) -> object:
        """Return what an expression of `||`, `&&`, `==`, names and texts is."""
        for sign in ("||", "&&"):
            left, there, right = expression.partition(sign)
            if there:
                known = self.value(left)
                return known if bool(known) == (sign == "||") else self.value(right)
        left, there, right = expression.partition("==")
        return self.value(left) == self.value(right) if there else self.name(expression.strip())

    def name(self, name: str) -> object:
        if name.startswith("'"):
            return name.strip("'")
        first, *parts = name.split(".")
        found: Any = self.inputs() if first == "inputs" else self.seen().get(first)
        for part in parts:
            found = (found or {}).get(part)
        return found

    def inputs(self) -> dict[str, str]:
        given: dict[str, str] = self.context.get("with", {})
        assert given.keys() <= ACTION["inputs"].keys()
        defaults = {
            name: self.text(declared["default"])
            for name, declared in ACTION["inputs"].items()
            if name not in given
        }
        return {**defaults, **given}

    def seen(self) -> dict[str, Any]:
        steps = {name: {"outputs": outputs} for name, outputs in self.outputs.items()}
        return {**self.context, "steps": steps}
