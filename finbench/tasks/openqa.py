"""Open questions on filings: bare numbers scored by rule, all else by a judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inspect_ai import Task, task, task_with
from inspect_ai.log import HeadlineMetric

from finbench.card import Generation, Source, TaskCard
from finbench.data.items import Item
from finbench.data.loading import ItemSet
from finbench.data.rows import Row, RowError
from finbench.errors import InputError
from finbench.judging.grader import require_grader
from finbench.judging.metrics import JUDGE, RULE
from finbench.judging.numeric import bare_number
from finbench.judging.scorers import judged_answer
from finbench.judging.wording import prompts_sha256
from finbench.tasks.definition import TaskDefinition, subset
from finbench.taxonomy import AnswerKind, Capability, Domain, Elicitation, Exposure, TaskType

PARTS = ("all", "numeric", "judged")


def _filing_item(row: Row) -> Item:
    evidence = row["evidence"]
    if not isinstance(evidence, list) or not evidence or not all(isinstance(one, Mapping) for one in evidence):
        raise RowError("field 'evidence' should be a list of objects with `evidence_text`")
    passages = dict.fromkeys(Row(one).text("evidence_text").strip() for one in evidence)
    document, question = row.text("doc_name"), row.text("question").strip()
    shown = "\n\n".join(f"Excerpt {number}:\n{passage}" for number, passage in enumerate(passages, 1))
    gold = row.text("answer").strip()
    return Item(
        body=f"Filing: {document}\n\n{shown}\n\nQuestion: {question}",
        gold=gold,
        metadata={
            "document": document,
            "question": question,
            "scored_by": JUDGE if bare_number(gold) is None else RULE,
            **({"question_type": row.text("question_type")} if row.get("question_type") else {}),
        },
    )


@dataclass(frozen=True, kw_only=True)
class OpenDefinition(TaskDefinition):
    """A task of open questions, of which a part needs no judge."""

    def task(
        self,
        *,
        data: str | None = None,
        elicitation: str | None = None,
        fewshot: int = 0,
        items: ItemSet | None = None,
        examples: Mapping[str, Item] | None = None,
        metadata: Mapping[str, Any] | None = None,
        part: str = "all",
    ) -> Task:
        """The task on all items, on those scored by rule (`numeric`, which needs no judge), or on the `judged` ones.

        Raises:
            InputError: as for any task; if a judge is needed and none is named, or it is the model under test.
        """
        if part not in PARTS:
            raise InputError(f"part={part} is not known to task '{self.card.name}'; use {', '.join(PARTS)}")
        ruled = part == "numeric"
        facts: dict[str, Any] = {"finbench.judged": not ruled, "finbench.part": part}
        if not ruled:
            facts["finbench.grader"] = require_grader(self.card.name)
            facts["finbench.judge_prompt_sha256"] = prompts_sha256(("answer", "repeat"))
        else:
            facts["finbench.metric"] = "accuracy"
        loaded = items if items is not None else self.items(data=data)
        made = super().task(
            data=data,
            elicitation=elicitation,
            fewshot=fewshot,
            items=part_of(loaded, part),
            examples=examples,
            metadata={**facts, **(metadata or {})},
        )
        return task_with(made, headline_metric=HeadlineMetric(metric="accuracy")) if ruled else made


def part_of(loaded: ItemSet, part: str) -> ItemSet:
    """The items that are scored by rule (`numeric`) or by the judge (`judged`); `all` leaves the set as it is.

    Raises:
        InputError: if no item is left.
    """
    if part == "all":
        return loaded
    wanted = RULE if part == "numeric" else JUDGE
    chosen = {name: item for name, item in loaded.items.items() if item.metadata.get("scored_by") == wanted}
    if not chosen:
        raise InputError(f"{loaded.place} holds no items of the part '{part}'; leave -T part out")
    return subset(chosen, kind=loaded.kind, place=loaded.place, official=False, dropped=loaded.dropped)


FINANCEBENCH = OpenDefinition(
    card=TaskCard(
        name="financebench",
        title="FinanceBench: open questions on filings",
        description="Questions of analysts on the filings of listed companies, with the passages that hold the answer.",
        capability=Capability.TASKS,
        domain=Domain.FINANCE,
        task_type=TaskType.OPEN_QA,
        answer=AnswerKind.JUDGED,
        exposure=Exposure.NOVEL,
        elicitation=Elicitation.COT,
        metric="judge",
        items=150,
        cluster="document",
        strata="question_type",
        items_sha256="22b4f50cdf34ea4651b8c2e503c852c0de829d2cbf025e90219b23e22c84b099",
        sources=(
            Source(
                uri="hf://PatronusAI/financebench",
                split="train",
                items=150,
                note="the publisher's own copy; no revision could be verified: the commit that was read is recorded",
            ),
            Source(
                uri="https://github.com/patronus-ai/financebench",
                revision="cc39aeb4afdf33909ee1412188bf89035950c2eb",
                items=150,
                note="data/financebench_open_source.jsonl; the folder form holds this file as test.jsonl",
            ),
        ),
        licence="CC-BY-NC-4.0 (hub card; the repository has no licence file)",
        redistributable=False,
        citation="Islam et al. (2023). FinanceBench. arXiv 2311.11944",
        errata=(
            "The FinanceBench configuration of Salesforce/FinEval holds LendingClub rows; it is not used.",
            "The passages that hold the answer are shown (oracle context); what FINDAP showed is not published.",
            "52 of 150 references are bare numbers: scored by rule, without a judge (-T part=numeric), reported apart.",
            "84 filings, up to 7 questions each: they are the clusters.",
            "A score depends on its judge: runs with other judges are not compared unasked, and no rank rests on it.",
        ),
        generation=Generation(max_tokens_direct=256),
    ),
    to_item=_filing_item,
    instruction="Answer the question on these passages of a company's filing.",
    scorer=lambda card: judged_answer(),
)

DEFINITIONS = (FINANCEBENCH,)


@task
def financebench(data: str | None = None, elicitation: str | None = None, fewshot: int = 0, part: str = "all") -> Task:
    """Open questions on filings; needs a judge (`--model-role grader=MODEL`) unless `part=numeric`.

    Args:
        data: a .jsonl file or a folder with test.jsonl.
        elicitation: `direct` or `cot`.
        fewshot: how many solved examples of the train split to show.
        part: `all`, `numeric` (bare numbers, scored by rule) or `judged` (the rest).
    """
    return FINANCEBENCH.task(data=data, elicitation=elicitation, fewshot=fewshot, part=part)
