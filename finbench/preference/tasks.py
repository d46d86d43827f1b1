"""The Inspect tasks of preference distillation: each sample leaves one record in its metadata.

What a task works on is handed over in this process under its fingerprint, since a task's arguments are plain data, and
`finbench.preference.running` does so; or it is a file:
`inspect eval finbench/preference_judging -T work=FILE.jsonl --model none/none --model-role genrm=MODEL`.
"""

from dataclasses import asdict

from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ModelOutput,
    get_model,
)
from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from finbench import __version__
from finbench.judging.verdicts import Verdict, read_verdict
from finbench.judging.wording import answer_prompt, is_empty
from finbench.preference.asking import UnreadVerdictError, ask, say, why_unread
from finbench.preference.continuing import VLLM_FIELDS
from finbench.preference.program import teach
from finbench.preference.replies import (
    CORRECTED,
    QUOTE,
    WHY,
    check_correction,
    find_quote,
    read_lesson,
)
from finbench.preference.rule import has_rule, judge_by_rule
from finbench.preference.schema import (
    REASONS,
    Correction,
    Judgement,
    Location,
    PromptItem,
    Rollout,
    Settings,
    Solution,
    digest,
)
from finbench.preference.steps import segment
from finbench.preference.wording import GO_ON, correcting_prompt, locating_prompt, wording_sha256
from finbench.preference.work import WORK, Work, fingerprint_of
from finbench.scoring.outcome import Outcome

#: The role of the generative reward model, as in `--model-role genrm=MODEL`.
ROLE = "genrm"
#: Key of the record in a sample's metadata.
RECORD = "record"
#: Key of the reason where a sample leaves none: asking again would cost and say the same.
LOST = "lost"
VERSION = "1-A"
#: Said of a GenRM whose replies gave no verdict.
UNREAD = "unread"
_OUTCOMES = {Verdict.CORRECT: Outcome.CORRECT, Verdict.INCORRECT: Outcome.WRONG}


@scorer(metrics=[accuracy()])
def recorded() -> Scorer:
    """Shows a sample's record as a score: a judgement's outcome, or whether a location or correction was accepted."""

    async def score(state: TaskState, target: Target) -> Score:
        if RECORD not in state.metadata:
            reason = str(state.metadata[LOST])
            return Score.unscored(reason=reason, answer=reason, explanation=REASONS[reason])
        record = state.metadata[RECORD]
        said = str(record.get("outcome") or record.get("reason") or "accepted")
        good = said in (Outcome.CORRECT.value, "accepted")
        return Score(
            value=CORRECT if good else INCORRECT,
            answer=said,
            explanation=str(state.metadata.get("explanation", "")),
            metadata={"outcome": said, "by": str(record.get("by", ""))},
        )

    return score


@solver
def sample_solution(given: str) -> Solver:
    """Ask the policy for one solution; each epoch has its own seed."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        settings = WORK[given].settings
        output = await say(get_model(), list(state.messages), settings, state.epoch - 1)
        state.output = output
        state.messages.append(output.message)
        state.metadata[RECORD] = asdict(
            Solution(
                id=f"{state.sample_id}/{state.epoch - 1}",
                item=str(state.sample_id),
                index=state.epoch - 1,
                text=output.completion,
                stop_reason=output.stop_reason,
                seed=settings.seed + state.epoch - 1,
            )
        )
        return state

    return solve


@solver
def judge_solution(given: str) -> Solver:
    """Judge one solution: by rule where there is one, else by the GenRM; and by both where it is audited."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        work = WORK[given]
        solution = work.solutions[str(state.sample_id)]
        item = work.items[solution.item]
        audited = has_rule(item) and _is_audited(solution.id, work.settings.audit)
        try:
            judged = await judge(item, solution.text, solution.stop_reason, work.settings, state, audited=audited)
        except UnreadVerdictError as error:
            return _without_record(state, str(error))
        outcome, pred, genrm, why = judged
        by = "rule" if has_rule(item) else "genrm"
        state.output = ModelOutput.from_content(by, why or f"{outcome.value}: read {pred!r}, reference {item.gold!r}")
        state.metadata["explanation"] = state.output.completion
        state.metadata[RECORD] = asdict(
            Judgement(solution=solution.id, outcome=outcome.value, by=by, pred=pred, genrm=genrm, why=why)  # type: ignore[arg-type]
        )
        return state

    return solve


async def judge(
    item: PromptItem,
    text: str,
    stop_reason: str,
    settings: Settings,
    state: TaskState | None = None,
    *,
    audited: bool = False,
) -> tuple[Outcome, str | None, str | None, str]:
    """Outcome, the answer read, the GenRM's verdict and its reply; the rule decides wherever there is one."""
    outcome, pred = judge_by_rule(item, text, stop_reason) if has_rule(item) else (None, None)
    if outcome is not None and not audited:
        return outcome, pred, None, ""
    if outcome is None and is_empty(text):
        return Outcome.UNPARSED, None, None, ""
    found, reply = await ask(
        get_model(role=ROLE, required=True),
        answer_prompt(item.question or item.prompt, item.gold, text),
        read_verdict,
        settings,
        state,
    )
    said = UNREAD if found is None else found.value
    if outcome is not None:
        return outcome, pred, said, reply
    if found is None:
        raise UnreadVerdictError(why_unread(state, reply))
    return _OUTCOMES.get(found, Outcome.REFUSED), None, said, reply


@solver
def locate_step(given: str) -> Solver:
    """Find the first wrong step of one solution, and have it corrected in the same call where so set."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        work = WORK[given]
        solution = work.solutions[str(state.sample_id)]
        item = work.items[solution.item]
        if work.by_genrm:
            found = await _asked_location(item, solution, work.settings, state)
        else:
            found = program_location(item, solution)
        state.output = ModelOutput.from_content(found.by, found.quote or found.reason)
        state.metadata["explanation"] = f"{found.why}\n\n{found.quote}".strip()
        state.metadata[RECORD] = asdict(found)
        return state

    return solve


def program_location(item: PromptItem, solution: Solution) -> Location:
    """The location, with its correction, that the worked steps give."""
    if item.problem is None:
        return Location(solution=solution.id, by="program", reason="no_program")
    found = teach(item.problem, solution.text)
    if found is None:
        return Location(solution=solution.id, by="program", reason="nothing_to_check")
    return Location(
        solution=solution.id,
        by="program",
        step=found.step.index,
        quote=found.step.text.strip(),
        why=found.why,
        correction=found.correction,
    )


async def _asked_location(item: PromptItem, solution: Solution, settings: Settings, state: TaskState) -> Location:
    needs = (QUOTE, CORRECTED) if settings.one_call else (QUOTE,)
    lesson, reply = await ask(
        get_model(role=ROLE, required=True),
        locating_prompt(item, solution.text, correct=settings.one_call),
        lambda text: read_lesson(text, needs=needs),
        settings,
        state,
        fields=(WHY, *needs),
    )
    if lesson is None:
        return Location(solution=solution.id, by="genrm", why=reply[:2000], reason=why_unread(state, reply))
    step, reason = find_quote(solution.text, lesson.quote)
    return Location(
        solution=solution.id,
        by="genrm",
        step=step,
        quote=lesson.quote,
        why=lesson.why,
        correction=lesson.correction if settings.one_call else None,
        reason=reason,
    )


@solver
def correct_step(given: str) -> Solver:
    """Have one step corrected, unless the call that located it has done so, and check the correction."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        work = WORK[given]
        location = work.locations[str(state.sample_id)]
        solution = work.solutions[location.solution]
        item = work.items[solution.item]
        assert location.step is not None
        wrong = segment(solution.text)[location.step]
        text, reason = location.correction, ""
        if text is None and work.by_genrm:
            lesson, reply = await ask(
                get_model(role=ROLE, required=True),
                correcting_prompt(item, solution.text, wrong),
                lambda said: read_lesson(said, needs=(CORRECTED,)),
                work.settings,
                state,
                fields=(CORRECTED,),
            )
            text, reason = (None, why_unread(state, reply)) if lesson is None else (lesson.correction, "")
        elif text is None:
            text = program_location(item, solution).correction
        text = (text or "").strip()
        reason = reason or check_correction(wrong, text)
        state.output = ModelOutput.from_content("correction", text or reason)
        state.metadata["explanation"] = f"instead of: {wrong.text.strip()}\n\n{text}"
        state.metadata[RECORD] = asdict(
            Correction(
                solution=solution.id,
                by=location.by,
                step=wrong.index,
                prefix=solution.text[: wrong.start],
                wrong=wrong.text.strip(),
                text="" if reason else text,
                reason=reason,
            )
        )
        return state

    return solve


@solver
def roll_out(given: str) -> Solver:
    """Continue from one prefix, and judge the whole; each epoch has its own seed."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        work = WORK[given]
        identity, _, arm = str(state.sample_id).rpartition("/")
        correction = work.corrections[identity]
        item = work.items[identity.rpartition("/")[0]]
        prefix = prefix_of(correction, arm)
        messages = [*_opening(item), ChatMessageAssistant(content=prefix)]
        fields = None
        if work.continuation == "ask":
            messages.append(ChatMessageUser(content=GO_ON))
        elif not str(get_model()).startswith("continuing/"):
            fields = VLLM_FIELDS
        output = await say(get_model(), messages, work.settings, state.epoch - 1, fields)
        state.messages = [*messages, output.message]
        state.output = output
        whole = prefix + output.completion
        try:
            outcome, _, _, why = await judge(item, whole, output.stop_reason, work.settings, state)
        except UnreadVerdictError as error:
            return _without_record(state, str(error))
        state.metadata["explanation"] = f"{whole}\n\n{why}".strip()
        state.metadata[RECORD] = asdict(
            Rollout(
                solution=identity,
                arm="corrected" if arm == "corrected" else "wrong",
                index=state.epoch - 1,
                text=output.completion,
                outcome=outcome.value,
                continuation=work.continuation,
            )
        )
        return state

    return solve


def prefix_of(correction: Correction, arm: str) -> str:
    """The beginning that is rolled out: all before the wrong step, then the corrected or the wrong one, and a line."""
    return f"{correction.prefix}{correction.text if arm == 'corrected' else correction.wrong}\n"


def _is_audited(identity: str, share: float) -> bool:
    return int(digest(["audit", identity])[:8], 16) < share * 2**32


def _without_record(state: TaskState, reason: str) -> TaskState:
    state.metadata[LOST] = reason
    return state


def _opening(item: PromptItem) -> list[ChatMessage]:
    system: list[ChatMessage] = [ChatMessageSystem(content=item.system)] if item.system else []
    return [*system, ChatMessageUser(content=item.prompt)]


@task
def preference_sampling(given: str = "", work: str | None = None) -> Task:
    """Solutions sampled from a policy.

    Args:
        given: fingerprint of work that was handed over in this process.
        work: file of it, JSON lines.
    """
    given = fingerprint_of(given, work)
    known = WORK[given]
    samples = [Sample(id=item.id, input=_opening(item), target=item.gold) for item in known.items.values()]
    return _task("preference_sampling", given, samples, sample_solution(given), epochs=known.settings.samples)


@task
def preference_judging(given: str = "", work: str | None = None) -> Task:
    """Solutions judged by rule, and by a GenRM where no rule applies.

    Args:
        given: fingerprint of work that was handed over in this process.
        work: file of it, JSON lines.
    """
    given = fingerprint_of(given, work)
    return _task("preference_judging", given, _solution_samples(WORK[given]), judge_solution(given))


@task
def preference_locating(given: str = "", work: str | None = None) -> Task:
    """The first wrong step of wrong solutions.

    Args:
        given: fingerprint of work that was handed over in this process.
        work: file of it, JSON lines.
    """
    given = fingerprint_of(given, work)
    return _task("preference_locating", given, _solution_samples(WORK[given]), locate_step(given))


@task
def preference_correcting(given: str = "", work: str | None = None) -> Task:
    """Wrong steps corrected.

    Args:
        given: fingerprint of work that was handed over in this process.
        work: file of it, JSON lines.
    """
    given = fingerprint_of(given, work)
    known = WORK[given]
    samples = [one for one in _solution_samples(known) if one.id in known.locations]
    return _task("preference_correcting", given, samples, correct_step(given))


@task
def preference_rollouts(given: str = "", work: str | None = None) -> Task:
    """Continuations of the corrected and of the wrong prefix.

    Args:
        given: fingerprint of work that was handed over in this process.
        work: file of it, JSON lines.
    """
    given = fingerprint_of(given, work)
    known = WORK[given]
    samples = [
        Sample(id=f"{identity}/{arm}", input=_opening(known.items[identity.rpartition("/")[0]]), metadata={"arm": arm})
        for identity in known.corrections
        for arm in ("corrected", "wrong")
    ]
    return _task("preference_rollouts", given, samples, roll_out(given), epochs=known.settings.rollouts)


def _solution_samples(work: Work) -> list[Sample]:
    return [
        Sample(
            id=solution.id,
            input=[*_opening(work.items[solution.item]), ChatMessageAssistant(content=solution.text or "(empty)")],
            target=work.items[solution.item].gold,
        )
        for solution in work.solutions.values()
    ]


def _task(name: str, given: str, samples: list[Sample], by: Solver, *, epochs: int = 1) -> Task:
    work = WORK[given]
    return Task(
        name=name,
        dataset=MemoryDataset(samples, name=name),
        solver=by,
        scorer=None if name == "preference_sampling" else recorded(),
        epochs=Epochs(epochs, "mean") if epochs > 1 else 1,
        version=VERSION,
        time_limit=work.settings.time_limit,
        metadata={
            "finbench.package_version": __version__,
            "finbench.preference_given": given,
            "finbench.preference_settings": asdict(work.settings),
            "finbench.preference_words_sha256": wording_sha256(),
        },
    )
