"""What a stage with `trainer: genrm` may set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from trainers.base import Settings
from trainers.genrm.acceptance import smallest_p
from trainers.recipe import Server

if TYPE_CHECKING:
    from finbench.preference.schema import PromptItem

#: The teacher that is no model: the worked solution of a generated problem.
PROGRAM = "program"

Method = Literal["fap", "scp"]
Form = Literal["continuation", "next_step"]
Rule = Literal["all", "one", "hardest"]
Outcome = Literal["wrong", "unparsed", "truncated", "refused"]


class Pairing(Settings):
    """Which right solution of a prompt stands against which wrong one (FAP).

    Equal texts of a prompt count once.

    Attributes:
        rule: `all` right against all wrong ones; `one` pair for each prompt, the two that are nearest in length; or
            `hardest`, one pair for each prompt, whose rejected solution gives the wrong answer that the policy gives
            most often, prompts with the lowest pass rate first.
        per_prompt: at most this many pairs of one prompt; for `all`, those nearest in length first.
        max_length_ratio: leave out pairs of which one text has more than this many times the other's characters, so
            that length does not stand in for being right; null keeps all.
        chosen: `policy`, its own right solutions, or `reference`, the row's completion, which is off-policy.
        rejected: outcomes that make a solution one to reject.
        limit: at most this many pairs in all, in the rule's order.
    """

    rule: Rule = "one"
    per_prompt: int = Field(default=4, gt=0)
    max_length_ratio: float | None = Field(default=2.0, ge=1, allow_inf_nan=False)
    chosen: Literal["policy", "reference"] = "policy"
    rejected: tuple[Outcome, ...] = Field(default=("wrong",), min_length=1)
    limit: int | None = Field(default=None, gt=0)


class Correcting(Settings):
    """Which wrong solutions are corrected, and what a correction must show (SCP).

    Attributes:
        pass_low: only prompts of which more than this share of the samples is right.
        pass_high: and less than this one; at 0 and 1 prompts that are all right or all wrong are left alone.
        per_prompt: wrong solutions of a prompt that the GenRM is asked about, in the order of sampling.
        rollouts: continuations of each of the two prefixes, the corrected and the wrong one.
        alpha: a correction is accepted where Fisher's exact test of its rollouts, one-sided, gives at most this p.
        forms: `continuation` of the assistant's turn, and `next_step`, the paper's question for the next step.
        limit: at most this many wrong solutions in all.
    """

    pass_low: float = Field(default=0.0, ge=0, lt=1)
    pass_high: float = Field(default=1.0, gt=0, le=1)
    per_prompt: int = Field(default=1, gt=0)
    rollouts: int = Field(default=8, gt=0)
    alpha: float = Field(default=0.05, gt=0, lt=1)
    forms: tuple[Form, ...] = Field(default=("continuation",), min_length=1)
    limit: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _can_accept_something(self) -> Correcting:
        least = smallest_p(self.rollouts)
        if least > self.alpha:
            raise ValueError(
                f"{self.rollouts} rollouts of each prefix can give no p below {least:.3f}, so that no correction could "
                f"be accepted at alpha {self.alpha:g}; take more rollouts"
            )
        if self.pass_low >= self.pass_high:
            raise ValueError("`pass_low` must lie below `pass_high`")
        return self


class Spending(Settings):
    """Bounds on what is asked: work that could go beyond them is left out before it begins, and counted.

    Attributes:
        genrm_calls: calls of the GenRM, repeated ones included.
        policy_calls: calls of the policy: k samples of each prompt, then rollouts.
        usd: money for the GenRM, by `prices`, counting every reply as long as it may get.
        prices: YAML of prices in USD for a million tokens (`finbench.evaluation.spending`), from the recipe's folder.
    """

    genrm_calls: int | None = Field(default=None, gt=0)
    policy_calls: int | None = Field(default=None, gt=0)
    usd: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    prices: str | None = None

    @model_validator(mode="after")
    def _has_prices_for_money(self) -> Spending:
        if self.usd is not None and self.prices is None:
            raise ValueError("a bound in `usd` needs `prices`, a YAML file")
        return self


class Drawing(Settings):
    """Problems that the stage draws itself, with a training seed that no evaluation uses.

    Attributes:
        examples: how many problems of fin_calc.
        families: only these families of problems, equally many of each as far as that goes.
        difficulty: only `easy`, `medium` or `hard` ones.
    """

    examples: int = Field(gt=0)
    families: tuple[str, ...] = ()
    difficulty: Literal["easy", "medium", "hard"] | None = None


class GenrmSettings(Settings):
    """What a stage with `trainer: genrm` may set.

    Attributes:
        genrm: `program`, the worked solutions of generated problems, or a model string of Inspect.
        genrm_url: server of that model, for providers that have one.
        draw: problems to solve beside the stage's `data`, or in its place.
        methods: `fap`, pairs of final answers, `scp`, pairs of steps, or both.
        samples: solutions of each prompt (k).
        temperature: that solutions and rollouts are sampled at.
        top_p: share of the probability that they are sampled from.
        max_tokens: of a solution, and of a rollout.
        attempts: how often the GenRM is asked until its reply can be read.
        genrm_max_tokens: of a reply of the GenRM.
        batch_size: prompts that the policy answers at once.
        pairing: of FAP.
        correcting: of SCP.
        agreement: share of the solutions judged by rule that the GenRM judges too, to measure how often they agree; at
            least a tenth where it judges prompts without a rule.
        evaluated: tasks whose evaluation items no pair may overlap with, beside those that the prompts come from.
        server: what answers for the policy in place of transformers in this process, such as vLLM.
        spending: bounds.
        show: random pairs on the HTML page.
    """

    genrm: str = PROGRAM
    genrm_url: str | None = None
    draw: Drawing | None = None
    methods: tuple[Method, ...] = Field(default=("fap", "scp"), min_length=1)
    samples: int = Field(default=4, gt=1)
    temperature: float = Field(default=0.8, gt=0, allow_inf_nan=False)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=256, gt=0)
    attempts: int = Field(default=2, gt=0)
    genrm_max_tokens: int = Field(default=512, gt=0)
    batch_size: int = Field(default=32, gt=0, le=128)
    pairing: Pairing = Pairing()
    correcting: Correcting = Correcting()
    agreement: float = Field(default=0.0, ge=0, le=1)
    evaluated: tuple[str, ...] = ()
    server: Server | None = None
    spending: Spending = Spending()
    show: int = Field(default=20, ge=0)

    @model_validator(mode="after")
    def _fits_the_teacher(self) -> GenrmSettings:
        if self.genrm != PROGRAM and "/" not in self.genrm:
            raise ValueError(f"{self.genrm!r} is no GenRM: write {PROGRAM}, or a model string like openai/gpt-4o-mini")
        if self.genrm == PROGRAM and (self.genrm_url or self.agreement):
            raise ValueError(f"`genrm_url` and `agreement` belong to a model, not to `genrm: {PROGRAM}`")
        return self

    @property
    def asks_a_model(self) -> bool:
        """Whether the GenRM is a model."""
        return self.genrm != PROGRAM

    def can_correct(self, item: PromptItem) -> bool:
        """Whether the GenRM can write the right step of a solution: the program needs worked steps."""
        return self.asks_a_model or item.problem is not None

    @property
    def max_length(self) -> int:
        """Tokens of one reply of the policy at the most; what plans count with."""
        return self.max_tokens
