"""The workflows that ship: they parse, give strangers' pull requests nothing, and say what the commands say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
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
    assert parsed(name)["permissions"] == {}
    (job,) = parsed(name)["jobs"].values()
    assert job["permissions"] == {"contents": "write"}
    checkout = next(step for step in steps(name) if step.get("uses", "").startswith("actions/checkout"))
    assert checkout["with"]["persist-credentials"] is False
    assert ["token" in str(step) for step in steps(name)] == [False] * (len(steps(name)) - 1) + [True]


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
        assert subprocess.run(["bash", "-n", str(path)]).returncode == 0


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository") / ".github/workflows"
    assert CliRunner().invoke(leaderboard, ["workflows", "-o", str(folder)]).exit_code == 0
    return folder


def said(*command: str) -> tuple[int, str]:
    """Exit status and output of a tool that was installed beside this Python."""
    tool = Path(sys.executable).parent / command[0]
    done = subprocess.run([str(tool), *command[1:]], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_they_fit_the_schema_of_github_workflows_and_a_slip_does_not(written: Path, tmp_path: Path) -> None:
    schema = ("check-jsonschema", "--builtin-schema", "vendor.github-workflows")
    code, output = said(*schema, *(str(written / name) for name in NAMES))
    assert code == 0, output
    (tmp_path / "slip.yml").write_text(workflow(NAMES[0]).replace("runs-on", "run-on"), encoding="utf-8")
    assert said(*schema, str(tmp_path / "slip.yml"))[0] == 1


def test_an_audit_of_workflows_finds_nothing_and_a_tag_instead_of_a_hash_is_found(written: Path) -> None:
    code, output = said("zizmor", "--offline", "--no-progress", str(written))
    assert code == 0, output
    slip = written.parent.parent / "slip/.github/workflows/slip.yml"
    slip.parent.mkdir(parents=True)
    slip.write_text(re.sub(r"(actions/checkout)@\w+ # (\S+)", r"\1@\2", workflow(NAMES[0])), encoding="utf-8")
    code, output = said("zizmor", "--offline", "--no-progress", str(slip.parent))
    assert code != 0 and "unpinned-uses" in output


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not installed")
def test_actionlint_finds_nothing(written: Path) -> None:
    done = subprocess.run(
        ["actionlint", "-no-color", *map(str, sorted(written.iterdir()))], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
