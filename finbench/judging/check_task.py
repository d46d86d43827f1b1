"""The Inspect task behind `finbench judge-check`: the model is the judge, and its replies are verdicts."""

import io
from collections.abc import Sequence
from contextlib import chdir, redirect_stdout
from pathlib import Path

from inspect_ai import Task, eval_set, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import GenerateConfig, Model, ModelOutput, get_model
from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver

from finbench import __version__
from finbench.errors import InputError
from finbench.evaluation.models import ModelSpec
from finbench.evaluation.worker import MAX_RETRIES, steer_libraries
from finbench.judging.agreement import RIGHT, UNPARSED, WRONG
from finbench.judging.asking import consult
from finbench.judging.check import LabelledAnswer, prompt_of
from finbench.judging.verdicts import Verdict, read_verdict
from finbench.judging.wording import prompts_sha256
from finbench.scoring.metrics import outcome_shares
from finbench.scoring.outcome import Outcome

#: The answers of the check that runs; a task argument has to be plain data, and the set's fingerprint is.
_SETS: dict[str, tuple[LabelledAnswer, ...]] = {}


@solver
def consult_judge() -> Solver:
    """Ask the model for a verdict as a judged task asks its judge, again where none can be read."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        model = get_model()
        found = await consult(model, state.input_text, read_verdict)
        state.output = ModelOutput.from_content(str(model), found.text)
        state.metadata["attempts"] = found.attempts
        return state

    return solve


@scorer(metrics=[accuracy(), stderr(), outcome_shares()])
def agrees() -> Scorer:
    """Whether a verdict agrees with the label; an answer that is said to decline counts as judged wrong."""

    async def score(state: TaskState, target: Target) -> Score:
        verdict = read_verdict(state.output.completion)
        said = UNPARSED if verdict is None else RIGHT if verdict is Verdict.CORRECT else WRONG
        outcome = Outcome.UNPARSED if verdict is None else Outcome.CORRECT if said == target.text else Outcome.WRONG
        return Score(
            value=CORRECT if outcome is Outcome.CORRECT else INCORRECT,
            answer=None if verdict is None else verdict.value,
            explanation=state.output.completion,
            metadata={"outcome": outcome.value, "gold": target.text, "pred": said},
        )

    return score


@task
def judge_check(labels_sha256: str, name: str = "labels") -> Task:
    """Labelled answers put to a judge.

    Args:
        labels_sha256: fingerprint of the labelled set, which names it.
        name: what the set is called.
    """
    samples = [
        Sample(id=one.identity, input=prompt_of(one), target=one.label, metadata={"kind": one.kind})
        for one in _SETS[labels_sha256]
    ]
    return Task(
        name="judge_check",
        dataset=MemoryDataset(samples, name=name),
        solver=consult_judge(),
        scorer=agrees(),
        version="1-A",
        metadata={
            "finbench.judge_prompt_sha256": prompts_sha256(("answer", "repeat")),
            "finbench.labels_sha256": labels_sha256,
            "finbench.package_version": __version__,
        },
    )


def run_check(
    grader: ModelSpec,
    answers: Sequence[LabelledAnswer],
    folder: Path,
    *,
    name: str,
    labels_sha256: str,
    max_connections: int | None,
) -> EvalLog:
    """Run the task on a judge, resuming what lies in `folder`.

    Raises:
        InputError: if the judge cannot be run.
    """
    _SETS[labels_sha256] = tuple(answers)
    steer_libraries(offline=grader.checkpoint is not None)
    # a log has no path of this machine: a local judge is loaded by its folder's name
    place = grader.checkpoint.parent if grader.checkpoint is not None else Path.cwd()
    try:
        with chdir(place), redirect_stdout(io.StringIO()):  # Inspect speaks there, where our JSON goes
            _, logs = eval_set(
                judge_check(labels_sha256=labels_sha256, name=name),
                log_dir=str(folder),
                model=_model(grader),
                display="none",
                log_realtime=False,
                score_display=False,
                continue_on_fail=True,
                retry_on_error=1,
                retry_attempts=1,
                log_dir_allow_dirty=True,
                max_connections=max_connections,
                max_retries=MAX_RETRIES,
                log_level="error",
                metadata={"finbench.grader_name": grader.name, "finbench.grader_checkpoint_sha256": grader.sha256},
            )
    except Exception as error:  # what providers raise is theirs to name: no key, no package, no model
        raise InputError(f"{grader.name} could not be run as a judge: {str(error).partition(chr(10))[0]}") from error
    [log] = logs
    return log


def _model(grader: ModelSpec) -> Model:
    args = dict(grader.args)
    if grader.checkpoint is not None:
        args = {"model_path": grader.checkpoint.name, "tokenizer_path": grader.checkpoint.name, **args}
    config = GenerateConfig(max_retries=MAX_RETRIES)
    return get_model(grader.model, base_url=grader.base_url, config=config, memoize=False, **args)
