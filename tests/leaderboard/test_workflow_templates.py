"""The workflows that ship: they parse, give strangers' pull requests nothing, and say what the commands say."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from leaderboard.cli import leaderboard
from leaderboard.workflow_files import NAMES, workflow


def parsed(name: str) -> dict[Any, Any]:
    found = yaml.safe_load(workflow(name))
    assert isinstance(found, dict)
    return found


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in parsed(name)["jobs"].values() for step in job["steps"]]


def triggers(name: str) -> dict[str, Any]:
    return dict(parsed(name)[True])  # YAML 1.1 reads the key `on` as true


def test_the_command_writes_them_and_keeps_what_differs(tmp_path: Path) -> None:
    folder = tmp_path / ".github/workflows"
    run = CliRunner()
    assert run.invoke(leaderboard, ["workflows", "-o", str(folder)]).exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert run.invoke(leaderboard, ["workflows", "-o", str(folder)]).exit_code == 0
    (folder / NAMES[0]).write_text("name: mine\n", encoding="utf-8")
    refused = run.invoke(leaderboard, ["workflows", "-o", str(folder)])
    assert refused.exit_code == 2 and "--force" in refused.output
    assert (folder / NAMES[0]).read_text(encoding="utf-8") == "name: mine\n"
    assert run.invoke(leaderboard, ["workflows", "-o", str(folder), "--force"]).exit_code == 0
    assert (folder / NAMES[0]).read_text(encoding="utf-8") == workflow(NAMES[0])


@pytest.mark.parametrize("name", NAMES)
def test_no_expression_stands_in_a_script(name: str) -> None:
    assert all("${{" not in step.get("run", "") for step in steps(name))


def test_what_a_pull_request_runs_can_only_read() -> None:
    name = "check-submissions.yml"
    assert set(triggers(name)) == {"pull_request"}
    assert parsed(name)["permissions"] == {"contents": "read"}
    assert "secrets" not in workflow(name) and "github.token" not in workflow(name)
    checkout = next(step for step in steps(name) if step.get("uses", "").startswith("actions/checkout"))
    assert checkout["with"]["persist-credentials"] is False
    installs = [step["run"] for step in steps(name) if "pip install" in step.get("run", "")]
    assert installs == ['pip install "finbench[leaderboard,summaries]"']


def test_what_may_comment_checks_nothing_out() -> None:
    name = "comment-on-submissions.yml"
    assert set(triggers(name)) == {"workflow_run"}
    assert triggers(name)["workflow_run"]["workflows"] == [parsed("check-submissions.yml")["name"]]
    assert parsed(name)["permissions"] == {}
    (job,) = parsed(name)["jobs"].values()
    assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert not any("uses" in step for step in job["steps"])


def test_only_the_default_branch_is_published() -> None:
    name = "publish-board.yml"
    assert triggers(name)["push"]["branches"] == ["main"] and "pull_request" not in triggers(name)
    assert parsed(name)["permissions"] == {"contents": "write"}


@pytest.mark.parametrize("name", NAMES)
def test_every_option_that_a_script_names_exists(name: str) -> None:
    for step in steps(name):
        for line in step.get("run", "").replace("\\\n", " ").splitlines():
            if found := re.search(r"finbench leaderboard (\w+)(.*)", line):
                known = {one for param in leaderboard.commands[found[1]].params for one in param.opts}
                assert set(re.findall(r"(?<=\s)--?[a-z-]+", found[2])) <= known, line


@pytest.mark.parametrize("name", NAMES)
def test_scripts_are_shell(name: str, tmp_path: Path) -> None:
    for number, step in enumerate(step for step in steps(name) if "run" in step):
        path = tmp_path / f"{number}.sh"
        path.write_text(step["run"], encoding="utf-8")
        subprocess.run(["bash", "-n", str(path)], check=True)


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_actionlint_finds_nothing(name: str, tmp_path: Path) -> None:
    path = tmp_path / ".github/workflows" / name
    path.parent.mkdir(parents=True)
    path.write_text(workflow(name), encoding="utf-8")
    done = subprocess.run(["actionlint", "-no-color", str(path)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
