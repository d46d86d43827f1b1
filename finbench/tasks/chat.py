"""Conversations of two turns, rated by a judge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inspect_ai import Task, task, task_with
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

from finbench.card import Generation, Source, TaskCard
from finbench.data.items import Item
from finbench.data.loading import ItemSet
from finbench.data.rows import Row, RowError
from finbench.errors import InputError
from finbench.judging.grader import require_grader
from finbench.judging.scorers import judged_chat
from finbench.judging.wording import prompts_sha256
from finbench.tasks.definition import TaskDefinition
from finbench.tasks.solving import be_greedy, filled_its_budget, use_plain_text
from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure, TaskType

#: Questions of these categories have solutions that the judge is shown.
_SOLVED = ("math", "reasoning", "coding")
_BETWEEN = "\n\n[second turn]\n\n"


def _conversation_item(row: Row) -> Item:
    turns = row.texts("turns" if "turns" in row else "prompt")
    if len(turns) != 2:
        raise RowError(f"field 'turns' should hold two messages, got {len(turns)}")
    first, second = (turn.strip() for turn in turns)
    category = row.text("category").strip()
    gold = {"second": second, "solutions": _solutions(row) if category in _SOLVED else None}
    return Item(
        body=first + _BETWEEN + second,
        gold=json.dumps(gold, ensure_ascii=False, separators=(",", ":")),
        metadata={"category": category, "first": first},
    )


def _solutions(row: Row) -> list[str] | None:
    """A solution for each turn: the question's own where it has one, else that of GPT-4, which is wrong at times."""
    own, other = (list(row.texts(key)) if row.get(key) else [] for key in ("reference", "reference_gpt4"))
    found = [
        next((one[turn].strip() for one in (own, other) if len(one) > turn and one[turn].strip()), "")
        for turn in (0, 1)
    ]
    return found if any(found) else None


@solver
def converse(max_tokens: int | None = None) -> Solver:
    """Ask the first message and then the second; see `finbench.tasks.solving.answer` for models in this process.

    Args:
        max_tokens: the bound on new tokens of each reply.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        model = get_model()
        if not model.config.temperature:
            be_greedy(model.api)
        if use_plain_text(model.api):
            state.metadata["prompt_format"] = "plain"
        state = await generate(state)
        state.messages.append(ChatMessageUser(content=json.loads(state.target.text)["second"]))
        state = await generate(state)
        if filled_its_budget(model.api, state.output.completion, max_tokens):
            state.metadata["filled_budget"] = True
        return state

    return solve


@dataclass(frozen=True, kw_only=True)
class ChatDefinition(TaskDefinition):
    """A task of conversations that a judge rates."""

    def task(
        self,
        *,
        data: str | None = None,
        elicitation: str | None = None,
        fewshot: int = 0,
        items: ItemSet | None = None,
        examples: Mapping[str, Item] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Task:
        """The task on the conversations.

        Raises:
            InputError: as for any task; if no judge is named, or it is the model under test.
        """
        card = self.card
        if elicitation not in (None, Elicitation.CHAT.value) or fewshot:
            raise InputError(f"task '{card.name}' is a conversation; leave elicitation and fewshot out")
        facts = {
            "finbench.judged": True,
            "finbench.grader": require_grader(card.name),
            "finbench.judge_prompt_sha256": prompts_sha256(("chat", "chat_reference", "repeat")),
        }
        made = super().task(data=data, items=items, examples=examples, metadata={**facts, **(metadata or {})})
        dataset = MemoryDataset(
            [_opening(sample) for sample in made.dataset], name=card.name, location=made.dataset.location
        )
        return task_with(made, dataset=dataset, solver=converse(card.generation.max_tokens(Elicitation.CHAT)))


def _opening(sample: Sample) -> Sample:
    """The sample with its first message only; the second is asked after the first reply."""
    assert isinstance(sample.input, list) and sample.metadata is not None
    first = ChatMessageUser(content=str(sample.metadata["first"]))
    return sample.model_copy(update={"input": [*sample.input[:-1], first]})


MT_BENCH = ChatDefinition(
    card=TaskCard(
        name="mt_bench",
        title="MT-Bench: two-turn chat",
        description="Writing, roleplay, reasoning, mathematics, coding and more in two turns; both replies are rated.",
        capability=Capability.INSTRUCTION_FOLLOWING,
        domain=Domain.GENERAL,
        task_type=TaskType.CHAT,
        answer=AnswerKind.JUDGED,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.CHAT,
        metric="judge",
        items=80,
        strata="category",
        items_sha256="0affc29faa36447c762888bd880d8807f66db3825d8f4978d859f0e316697695",
        sources=(
            Source(
                uri="https://github.com/lm-sys/FastChat",
                revision="0e6d3e4beaab66f4d3f93db72541a4abab8af28d",
                items=80,
                note="fastchat/llm_judge/data/mt_bench: question.jsonl, and reference_answer/gpt-4.jsonl as "
                "`reference_gpt4`; the folder form holds these rows",
            ),
        ),
        licence="Apache-2.0",
        redistributable=True,
        citation="Zheng et al. (2023). Judging LLM-as-a-judge. NeurIPS. arXiv 2306.05685",
        errata=(
            "Judges prefer long replies: the prompt says that length earns nothing, and the log has the lengths.",
            "Each reply is rated by itself, so that no position can be preferred; ratings of two judges never mix.",
            "The scale 1 to 10 is told as (rating - 1) / 9; the ratings themselves are the metrics rating, "
            "rating_first and rating_second.",
            "Prompt, judge and temperature (0 for all categories) are not those of published MT-Bench scores.",
            "GPT-4's solution to question 111 is wrong (area 0, it is 3): a question's own reference goes before it.",
            "A score depends on its judge: runs with other judges are not compared unasked, and no rank rests on it.",
        ),
        generation=Generation(max_tokens_cot=1024),
    ),
    to_item=_conversation_item,
    scorer=lambda card: judged_chat(),
)

DEFINITIONS = (MT_BENCH,)


@task
def mt_bench(data: str | None = None, elicitation: str | None = None, fewshot: int = 0) -> Task:
    """Conversations of two turns; needs a judge (`--model-role grader=MODEL`)."""
    return MT_BENCH.task(data=data, elicitation=elicitation, fewshot=fewshot)
