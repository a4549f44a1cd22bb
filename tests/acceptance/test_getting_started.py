"""README.md and docs/getting-started.md, line by line, as a newcomer types them after `scripts/demo`."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.besieged import environment
from tests.acceptance.process import PROGRAM, ROOT, START_WITHIN
from tests.acceptance.test_demo import opened

HERE = ".venv/bin/palabre"
SERVES = f"{HERE} run"
"""This line ends when it is told to; `test_run.py` runs it."""


def lines() -> list[str]:
    """What stands in the pages' boxes, in their order; the two scripts are `tests/test_scripts.py`'s."""
    pages = "".join((ROOT / name).read_text("utf-8") for name in ("README.md", "docs/getting-started.md"))
    boxes = re.findall(r"^```\w*\n(.*?)^```$", pages, re.DOTALL | re.MULTILINE)
    return [line for box in boxes for line in box.splitlines() if HERE in line and line != SERVES]


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = shlex.join([sys.executable, "-W", "error", "-c", PROGRAM])
    return subprocess.run(
        ["sh", "-c", line.replace(HERE, program)],
        cwd=folder,
        env=environment(),
        input="bonjour\n",
        capture_output=True,
        text=True,
        timeout=START_WITHIN,
        check=False,
    )


@pytest.mark.long
async def test_every_line_does_what_the_page_says(tmp_path: Path) -> None:
    [example] = re.findall(r"^```yaml\n(consultation:.*?)^```$", questionnaire_page(), re.DOTALL | re.MULTILINE)
    (tmp_path / "mine.yaml").write_text(example, "utf-8")
    async with opened(tmp_path, "--port", "0"):
        pass
    said = {}
    for line in lines():
        done = run(line, tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), line
        said[line.replace(HERE, "palabre")] = done.stdout
    talks = [output for line, output in said.items() if " talk " in line]
    assert talks
    assert all("1. Le centre-ville et vous\n" in output for output in talks), talks
    [imported] = [output for line, output in said.items() if " import " in line]
    assert "4 questions, open." in imported
    assert re.search(r"you@example.org signs in with the one-time password [a-z0-9-]{19}\n", imported)
    assert (tmp_path / "responses.csv").is_file()


def questionnaire_page() -> str:
    return (ROOT / "docs" / "questionnaire-file.md").read_text("utf-8")
