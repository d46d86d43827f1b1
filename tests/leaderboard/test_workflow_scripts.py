"""The scripts of the workflows, run step by step against a real repository. GitHub itself is not here: what its own
actions do is done by `git clone`, and its command line `gh` is a stand-in that keeps what it is told."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from submissions import description, edit_log

from leaderboard.workflow_files import workflow


class Repository:
    """A bare repository in GitHub's place, and a maintainer's clone of it."""

    def __init__(self, folder: Path, logs: dict[str, Path]) -> None:
        self.folder, self.logs = folder, logs
        self.bare, self.clone = folder / "bare.git", folder / "clone"
        (folder / "gitconfig").write_text(
            f'[url "{self.bare.as_uri()}"]\n\tinsteadOf = https://x-access-token:secret@github.test/lab/board\n'
            "[user]\n\tname = someone\n\temail = someone@example.org\n[init]\n\tdefaultBranch = main\n",
            encoding="utf-8",
        )
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "FINBENCH_CACHE": str(folder / "cache"),
            "GITHUB_SERVER_URL": "https://github.test",
            "GITHUB_REPOSITORY": "lab/board",
        }
        (folder / "bin").mkdir()
        self.git(folder, "init", "--quiet", "--bare", str(self.bare))
        self.git(folder, "clone", "--quiet", str(self.bare), str(self.clone))
        (self.clone / "README.md").write_text("Submissions.\n", encoding="utf-8")
        self.commit("main")

    def git(self, where: Path, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=where, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    def commit(self, branch: str) -> str:
        self.git(self.clone, "add", "--all")
        self.git(self.clone, "commit", "--quiet", "-m", "change")
        self.git(self.clone, "push", "--quiet", "origin", f"HEAD:{branch}")
        return self.git(self.clone, "rev-parse", "HEAD").strip()

    def submit(self, name: str) -> Path:
        folder = self.clone / "submissions/lab" / name
        (folder / "logs").mkdir(parents=True)
        (folder / "model.yaml").write_text(description(name), encoding="utf-8")
        shutil.copy(self.logs[name], folder / "logs/run.eval")
        return folder

    def run(self, name: str, place: Path, **context: str) -> subprocess.CompletedProcess[str]:
        """Run all scripts of one workflow as a runner does, in a fresh clone; `context` gives what expressions are."""
        workspace, temporary = place / "work", place / "temp"
        temporary.mkdir(parents=True)
        if not workspace.exists():
            self.git(place, "clone", "--quiet", str(self.bare), str(workspace))
        (job,) = yaml.safe_load(workflow(name))["jobs"].values()
        known = {"github.workspace": str(workspace), "runner.temp": str(temporary), "github.token": "secret", **context}
        output = ""
        for step in job["steps"]:
            if "run" not in step or step["run"].startswith("pip install"):
                continue
            environment = {
                **self.environment,
                "GITHUB_WORKSPACE": str(workspace),
                "RUNNER_TEMP": str(temporary),
                "GITHUB_STEP_SUMMARY": str(temporary / "summary"),
                **{key: _filled(value, known) for key, value in {**job.get("env", {}), **step.get("env", {})}.items()},
            }
            options = ["--noprofile", "--norc", "-eo", "pipefail"] if step.get("shell") == "bash" else ["-e"]
            script = temporary / "script.sh"
            script.write_text(step["run"], encoding="utf-8")
            done = subprocess.run(
                ["bash", *options, str(script)],
                cwd=_filled(step["working-directory"], known) if "working-directory" in step else workspace,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,  # in one stream, as a runner reads them
                text=True,
            )
            output += done.stdout
            if done.returncode:
                break
        return subprocess.CompletedProcess(name, done.returncode, output)


def _filled(text: str, known: dict[str, str]) -> str:
    return known[text.removeprefix("${{").removesuffix("}}").strip()] if text.startswith("${{") else text


@pytest.fixture
def repository(logs: Path, tmp_path: Path) -> Repository:
    from finbench.results.choosing import read_runs

    found = {run.model: run.path for run in read_runs([logs]) if (run.task, len(run.ids)) == ("fin_tone", 180)}
    return Repository(tmp_path, found)


def models(files: list[str]) -> list[str]:
    """The models that have a page; the rest of its name is a hash."""
    return sorted(re.sub(r"-[0-9a-f]+$", "", Path(name).stem) for name in files if re.match(r"models/.*html$", name))


def test_publishing_puts_the_board_on_its_branch_and_each_state_beside_the_earlier_ones(
    repository: Repository, tmp_path: Path
) -> None:
    repository.submit("atlas")
    repository.commit("main")
    first = repository.run("publish-board.yml", tmp_path / "first")
    assert first.returncode == 0, first.stdout
    bare = repository.bare
    files = repository.git(bare, "ls-tree", "-r", "--name-only", "gh-pages").splitlines()
    assert {"index.html", ".nojekyll", "site.json"} <= set(files)
    assert models(files) == ["atlas"]

    again = repository.run("publish-board.yml", tmp_path / "again")
    assert again.returncode == 0, again.stdout
    assert len(repository.git(bare, "log", "--format=%H", "gh-pages").splitlines()) == 1, "nothing changed"

    repository.submit("corvid")
    repository.commit("main")
    second = repository.run("publish-board.yml", tmp_path / "second")
    assert second.returncode == 0, second.stdout
    assert len(repository.git(bare, "log", "--format=%H", "gh-pages").splitlines()) == 2
    later = repository.git(bare, "ls-tree", "-r", "--name-only", "gh-pages").splitlines()
    assert models(later) == ["atlas", "corvid"]
    kept = {name.split("/")[1] for name in later if name.startswith("states/") and name.count("/") > 1}
    assert len(kept) == 2, "a dated state for each board"


def test_a_pull_request_is_checked_against_the_board_and_a_forgery_fails(
    repository: Repository, tmp_path: Path
) -> None:
    repository.submit("atlas")
    base = repository.commit("main")
    assert repository.run("publish-board.yml", tmp_path / "publish").returncode == 0
    repository.submit("corvid")
    repository.commit("pull")
    context = {"github.event.pull_request.base.sha": base}

    def check(place: Path) -> tuple[int, str]:
        repository.git(tmp_path, "clone", "--quiet", "--branch", "pull", str(repository.bare), str(place / "work"))
        done = repository.run("check-submissions.yml", place, **context)
        return done.returncode, (place / "temp/report/report.md").read_text(encoding="utf-8")

    code, report = check(tmp_path / "honest")
    assert code == 0 and "corvid" in report and "atlas" not in report.splitlines()[0]
    assert (tmp_path / "honest/temp/summary").read_text(encoding="utf-8") == report

    edit_log(repository.clone / "submissions/lab/corvid/logs/run.eval", first_wrong_made_right)
    repository.commit("pull")
    code, report = check(tmp_path / "forged")
    assert code == 1 and "refused" in report


def commands_of(output: str) -> list[str]:
    """The lines that GitHub takes for commands, as it reads them: `::` begins a line, `##[` stands anywhere."""
    stopped, found = "", []
    for line in re.split(r"[\r\n]+", output):
        if stopped:
            stopped = "" if line.strip() == f"::{stopped}::" else stopped
        elif line.startswith("::stop-commands::"):
            stopped = line.removeprefix("::stop-commands::")
        elif line.lstrip().startswith("::") or "##[" in line:
            found.append(line)
    assert not stopped, "commands of later steps would be lost"
    return found


#: Names that lie in no submission: beside all, beside the submissions of an organisation, in a model's place.
BESIDE = ("top.eval", "lab/evil.eval", "lab/x\n::error::`pwned`##[error].eval", "more/lab/run.eval")


def test_a_log_in_no_folder_of_a_submission_fails_the_check_and_is_never_published(
    repository: Repository, tmp_path: Path
) -> None:
    repository.submit("atlas")
    base = repository.commit("main")
    place = repository.clone / "submissions"
    for name in BESIDE:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(repository.logs["corvid"], place / name)
    (place / "lab/linked").symlink_to(place / "lab/atlas", target_is_directory=True)
    (place / "elsewhere").symlink_to("lab", target_is_directory=True)
    changed = repository.commit("pull")

    def check(name: str, before: str) -> tuple[int, str, str]:
        there = tmp_path / name
        repository.git(tmp_path, "clone", "--quiet", "--branch", "pull", str(repository.bare), str(there / "work"))
        done = repository.run("check-submissions.yml", there, **{"github.event.pull_request.base.sha": before})
        report = there / "temp/report/report.md"
        return done.returncode, report.read_text(encoding="utf-8") if report.exists() else "", done.stdout

    code, report, output = check("beside", base)
    assert code == 1 and commands_of(output) == []
    assert "in no folder submissions/ORGANISATION/MODEL: 5" in report and "pwned" not in report
    assert "### submission: not readable" in report, "what lies in a model's place is checked as one"

    repository.git(repository.clone, "push", "--quiet", "origin", "HEAD:main")
    done = repository.run("publish-board.yml", tmp_path / "publish")
    assert done.returncode == 0 and commands_of(done.stdout) == [], done.stdout
    files = repository.git(repository.bare, "ls-tree", "-r", "--name-only", "gh-pages").splitlines()
    assert models(files) == ["atlas"]

    repository.git(repository.clone, "rm", "-r", "--quiet", "submissions")
    repository.commit("pull")
    code, report, output = check("removed", changed)
    assert (code, report) == (0, ""), output
    assert repository.run("publish-board.yml", tmp_path / "still").returncode == 0
    repository.git(repository.clone, "push", "--quiet", "origin", "HEAD:main")
    done = repository.run("publish-board.yml", tmp_path / "none")
    assert done.returncode == 1 and "no folder submissions/ORGANISATION/MODEL holds" in done.stdout


def test_a_refused_submission_cannot_command_the_run_that_publishes(repository: Repository, tmp_path: Path) -> None:
    repository.submit("atlas")
    folder = repository.clone / "submissions/lab/y\n::warning::##[warning]hm"
    shutil.copytree(repository.clone / "submissions/lab/atlas", folder)
    (folder / "logs/run.eval").write_text("no log", encoding="utf-8")
    repository.commit("main")
    done = repository.run("publish-board.yml", tmp_path / "publish")
    assert done.returncode == 0 and "skipped: the submission" in done.stdout
    assert commands_of(done.stdout) == []


def first_wrong_made_right(log: Any) -> None:
    scores = [score for sample in log.samples for score in sample.scores.values()]
    score = next(one for one in scores if one.metadata["outcome"] == "wrong")
    score.value, score.metadata["outcome"], score.metadata["pred"] = "C", "correct", score.metadata["gold"]


GH = """#!{python}
import json, shutil, sys
from pathlib import Path
here = Path({here!r})
arguments = sys.argv[1:]
with open(here / "asked", "a") as asked:
    print(json.dumps(arguments), file=asked)
if arguments[:2] == ["run", "download"]:
    shutil.copytree(here / "artifact", arguments[arguments.index("--dir") + 1], symlinks=True)
elif arguments[0] == "api":
    print((here / "pulls").read_text())
else:
    shutil.copy(arguments[arguments.index("--body-file") + 1], here / "posted")
"""


@pytest.fixture
def commenting(repository: Repository, tmp_path: Path) -> Callable[..., Any]:
    """A function that runs the comment on what an artifact holds and gives what was posted, if anything was."""

    def comment(place: str, fill: Callable[[Path], Any], pulls: list[dict[str, Any]]) -> str | None:
        here = tmp_path / place
        (here / "artifact").mkdir(parents=True)
        fill(here / "artifact/report.md")
        (here / "pulls").write_text(json.dumps(pulls), encoding="utf-8")
        gh = repository.folder / "bin/gh"
        gh.write_text(GH.format(python=sys.executable, here=str(here)), encoding="utf-8")
        gh.chmod(0o755)
        context = {
            "github.repository": "lab/board",
            "github.event.workflow_run.id": "7",
            "github.event.workflow_run.head_sha": "abc",
            "github.event.workflow_run.head_repository.owner.login": "stranger",
            "github.event.workflow_run.head_branch": "$(touch broken)",
        }
        done = repository.run("comment-on-submissions.yml", here, **context)
        assert done.returncode == 0, done.stdout
        assert not list(here.rglob("broken"))
        return (here / "posted").read_text(encoding="utf-8") if (here / "posted").exists() else None

    return comment


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_the_comment_mentions_nobody_and_goes_to_the_pull_request_of_that_commit(
    commenting: Callable[..., Any], tmp_path: Path
) -> None:
    pulls = [{"number": 3, "head": {"sha": "other"}}, {"number": 5, "head": {"sha": "abc"}}]
    posted = commenting("a", lambda path: path.write_text("accepted; thanks @everyone", encoding="utf-8"), pulls)
    assert posted == "accepted; thanks @&#8203;everyone"
    asked = [json.loads(line) for line in (tmp_path / "a/asked").read_text(encoding="utf-8").splitlines()]
    assert asked[-1][:3] == ["pr", "comment", "5"]
    assert len(commenting("b", lambda path: path.write_text("@" * 70_000, encoding="utf-8"), pulls)) == 60_000
    assert commenting("c", lambda path: path.symlink_to("/etc/passwd"), pulls) is None
    assert commenting("d", lambda path: path.write_text("x", encoding="utf-8"), pulls[:1]) is None
    written = "@all &#64;all &#0064;all &#x40;all &#X0040;all &commat;all &#64all"
    decoded = unescape(commenting("e", lambda path: path.write_text(written, encoding="utf-8"), pulls))
    assert decoded.count("@\u200b") == 7 and not re.search(r"@\w", decoded)
