"""The solvers of question tasks: one answer, greedy where the task says temperature 0, or the most likely option."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    GenerateConfig,
    Model,
    ModelOutput,
    get_model,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import collect

from finbench.errors import InputError
from finbench.scoring.free_text import LIST_SEPARATOR
from finbench.scoring.likelihood import after_common_prefix, distinct_ends, most_likely
from finbench.tasks.prompts import PLAIN_TEMPLATE, letters

#: Model strings of providers that give the log-probabilities of a prompt's own tokens.
WITH_PROMPT_LOGPROBS = ("checkpoint/", "vllm-completions/", "openai-api-completions/")

_CHECKS: list[Callable[[], None]] = []


def before_asking(check: Callable[[], None]) -> None:
    """Have `check` called before each request of this process from now on, in place of an earlier one; it may raise."""
    _CHECKS[:] = [check]


@solver
def answer(max_tokens: int | None = None) -> Solver:
    """Ask the model once.

    A model that runs in this process (Inspect's `hf` provider) is set right first: it samples unless told otherwise,
    also at temperature 0, and writes role names before the text when the tokenizer has no chat template. Such models
    (base models, CPT checkpoints) get the plain text, which the sample's metadata says. Nor does that provider tell why
    a text ended, so its tokens are counted.

    Args:
        max_tokens: the bound on new tokens that the task asks for.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        _check()
        model = get_model()
        if not model.config.temperature:
            be_greedy(model.api)
        if use_plain_text(model.api):
            state.metadata["prompt_format"] = "plain"
        state = await generate(state)
        if filled_its_budget(model.api, state.output.completion, max_tokens):
            state.metadata["filled_budget"] = True
        return state

    return solve


@solver
def likelihood(labels: list[str] | None = None) -> Solver:
    """Answer with the option that the model holds most likely after the prompt; nothing is generated.

    The log-probabilities (nats, up to a constant that the options share) go into the sample's metadata.

    Args:
        labels: the options; by default the letters of the sample's choices, or the labels that its row brought along.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        _check()
        options = labels or letters(len(state.choices)) or str(state.metadata["labels"]).split(LIST_SEPARATOR)
        model = get_model()
        asked = distinct_ends(options)
        weigh = getattr(model.api, "option_logprobs", None)
        if weigh is not None:
            if use_plain_text(model.api):
                state.metadata["prompt_format"] = "plain"
            logprobs = await weigh(state.messages, asked)
        else:
            logprobs = await served_logprobs(model, state.messages, asked)
            state.metadata["prompt_format"] = "plain"
        chosen = most_likely(options, logprobs)
        state.metadata["option_logprobs"] = [round(value, 5) for value in logprobs]
        state.output = ModelOutput.from_content(model.name, chosen)
        state.messages.append(ChatMessageAssistant(content=chosen))
        return state

    return solve


async def served_logprobs(model: Model, messages: Sequence[ChatMessage], options: Sequence[str]) -> list[float]:
    """Log-probabilities of options after a plain prompt, from a server that gives those of the prompt's tokens.

    Each option is one request: prompt and option together, of which the tokens after the part that all share count.

    Raises:
        InputError: if the server gives none.
    """
    prompt = "\n\n".join([message.text for message in messages] + ["Answer:"])
    config = GenerateConfig(max_tokens=1, prompt_logprobs=1)
    outputs = await collect(
        *(model.generate([ChatMessageUser(content=f"{prompt} {option}")], config=config) for option in options)
    )
    read = []
    for output in outputs:
        found = output.choices[0].prompt_logprobs if output.choices else None
        if found is None or not found.content:
            raise InputError(
                f"{model} gives no log-probabilities of a prompt, so elicitation=likelihood cannot be had; use "
                f"{', '.join(f'{name}...' for name in WITH_PROMPT_LOGPROBS)} or a checkpoint folder"
            )
        read.append([(token.token, token.logprob) for token in found.content])
    prefix, _ = after_common_prefix([[token for token, _ in tokens] for tokens in read])
    return [sum(logprob for _, logprob in tokens[len(prefix) :]) for tokens in read]


def _check() -> None:
    for check in _CHECKS:
        check()


def be_greedy(api: object) -> None:
    """Turn sampling off in a local model's provider, which has it on by default; others are left alone."""
    if getattr(api, "do_sample", None) is True:
        api.do_sample = False  # type: ignore[attr-defined]


def use_plain_text(api: object) -> bool:
    """Give a local model plain text if its tokenizer has no chat template; other providers are left alone.

    Returns:
        Whether the model gets plain text.
    """
    tokenizer = getattr(api, "tokenizer", None)
    if tokenizer is None or not hasattr(api, "chat_template"):
        return False
    if getattr(tokenizer, "chat_template", None) is None and api.chat_template is None:
        api.chat_template = PLAIN_TEMPLATE
    return bool(api.chat_template == PLAIN_TEMPLATE)


def filled_its_budget(api: object, completion: str, max_tokens: int | None) -> bool:
    """Whether a local model's text is as long as it was allowed to be, so that it was probably cut."""
    tokenizer = getattr(api, "tokenizer", None)
    if max_tokens is None or not callable(tokenizer) or getattr(api, "tells_why_it_stopped", False):
        return False
    return len(tokenizer(completion)["input_ids"]) >= max_tokens - 1
