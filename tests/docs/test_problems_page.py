import subprocess
import sys
from pathlib import Path

from tests.support.shell import ROOT


def test_the_page_of_problems_is_up_to_date(tmp_path: Path) -> None:
    made = tmp_path / "problems.md"
    subprocess.run([sys.executable, ".dev/problems_page.py", made], cwd=ROOT, check=True)
    committed = (ROOT / "docs" / "problems.md").read_text("utf-8")
    assert made.read_text("utf-8") == committed, "run `make docs`"
