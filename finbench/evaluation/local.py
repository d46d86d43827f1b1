"""A local checkpoint as a model of Inspect: greedy unless told otherwise, in batches of like length.

Beside Inspect's own `hf` provider it pads little, lets no time pass between batches, tokenises once, counts the tokens
of each answer and says why it ended, and gives the log-probabilities of options.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
)

from finbench.errors import InputError
from finbench.evaluation.batching import BATCHES_IN_SIGHT, LOCAL_BATCH, Batcher
from finbench.scoring.likelihood import after_common_prefix
from finbench.tasks.prompts import PLAIN_TEMPLATE

if TYPE_CHECKING:
    from inspect_ai.tool import ToolChoice, ToolInfo


@dataclass(frozen=True, kw_only=True)
class _Prompt:
    """What is asked: token ids, and the settings that a batch shares; or the continuations to weigh."""

    ids: tuple[int, ...]
    settings: tuple[tuple[str, Any], ...] = ()
    continuations: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Answer:
    text: str = ""
    tokens: int = 0
    stop_reason: StopReason = "stop"
    logprobs: tuple[float, ...] = ()


class CheckpointAPI(ModelAPI):
    """Weights that lie in a folder, run by transformers.

    Args:
        model_name: name in the log.
        base_url: not used.
        api_key: not used.
        config: settings of the model.
        model_path: folder of the weights.
        tokenizer_path: folder of the tokenizer; that of the weights by default.
        batch_size: how many prompts at once.
        device: torch's name of a device; the accelerator if there is one.
        chat_template: Jinja text instead of the tokenizer's.
        do_sample: sample also at temperature 0 or none.
        model_args: further arguments of `from_pretrained`, such as `dtype`.
    """

    #: Its outputs carry the reason why they ended.
    tells_why_it_stopped = True

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008
        *,
        model_path: str,
        tokenizer_path: str | None = None,
        batch_size: int = LOCAL_BATCH,
        device: str | None = None,
        chat_template: str | None = None,
        do_sample: bool = False,
        **model_args: Any,
    ) -> None:
        super().__init__(model_name=model_name, base_url=base_url, api_key=api_key, config=config)
        if model_args.pop("trust_remote_code", False):
            raise InputError("code that comes with a checkpoint is not run; leave trust_remote_code out")
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError:
            raise InputError("a local checkpoint needs torch and transformers: pip install 'finbench[train]'") from None
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.tokenizer: Any = AutoTokenizer.from_pretrained(tokenizer_path or model_path)
        self.model: Any = AutoModelForCausalLM.from_pretrained(model_path, device_map=self.device, **model_args).eval()
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.chat_template = chat_template
        self.do_sample = do_sample
        self.batch_size = batch_size
        self._batches: Batcher[_Prompt, _Answer] = Batcher(self._answer, size=batch_size, window=self.max_connections())

    def max_connections(self) -> int:
        """Requests that wait at once: several batches, so that prompts of like length meet."""
        return self.batch_size * BATCHES_IN_SIGHT

    def connection_key(self) -> str:
        """Each model has its own batches."""
        return f"{self.model_name}-{id(self)}"

    def max_tokens(self) -> int | None:
        """The bound where a task sets none."""
        return 2048

    def close(self) -> None:
        """Let the weights go."""
        self.model = None

    def prompt_text(self, messages: Sequence[ChatMessage]) -> str:
        """The text that the model continues, by its chat template, or plain where it has none."""
        template = self.chat_template or getattr(self.tokenizer, "chat_template", None) or PLAIN_TEMPLATE
        rendered = self.tokenizer.apply_chat_template(
            [{"role": message.role, "content": message.text} for message in messages],
            chat_template=template,
            add_generation_prompt=True,
            tokenize=False,
        )
        return str(rendered)

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """The model's reply.

        Raises:
            InputError: if tools are offered.
        """
        if tools:
            raise InputError("a local checkpoint is not offered tools; serve it, for instance with vLLM")
        ids = self._tokens(self.prompt_text(input))
        settings = self._settings(config)
        found = await self._batches.ask(_Prompt(ids=ids, settings=settings), key=settings, length=len(ids))
        return ModelOutput(
            model=self.model_name,
            choices=[
                ChatCompletionChoice(
                    message=ChatMessageAssistant(content=found.text, model=self.model_name, source="generate"),
                    stop_reason=found.stop_reason,
                )
            ],
            usage=ModelUsage(input_tokens=len(ids), output_tokens=found.tokens, total_tokens=len(ids) + found.tokens),
        )

    async def option_logprobs(self, messages: Sequence[ChatMessage], options: Sequence[str]) -> list[float]:
        """The log-probability (nats) of each option as the reply's beginning, up to a constant that all share.

        The constant is the log-probability of the tokens that all options begin with, so one token of another cut
        between prompt and option changes nothing.
        """
        prompt = self.prompt_text(messages)
        # a plain prompt ends in a word, and the option is the next one
        gap = "" if prompt[-1:].isspace() or prompt[-1:] in (">", "]", "|") else " "
        prefix, rests = after_common_prefix([self._tokens(prompt + gap + option) for option in options])
        length = len(prefix) + max(len(rest) for rest in rests)
        found = await self._batches.ask(
            _Prompt(ids=prefix, continuations=tuple(rests)), key="likelihood", length=length
        )
        return list(found.logprobs)

    def _tokens(self, text: str) -> tuple[int, ...]:
        begins = bool(self.tokenizer.bos_token) and text.startswith(self.tokenizer.bos_token)
        return tuple(self.tokenizer(text, add_special_tokens=not begins)["input_ids"])

    def _settings(self, config: GenerateConfig) -> tuple[tuple[str, Any], ...]:
        settings: dict[str, Any] = {"max_new_tokens": config.max_tokens or self.max_tokens()}
        settings["do_sample"] = self.do_sample or bool(config.temperature)
        if settings["do_sample"]:
            given = {"temperature": config.temperature or None, "top_p": config.top_p, "top_k": config.top_k}
            settings |= {name: value for name, value in given.items() if value is not None}
            settings["seed"] = config.seed
        if config.stop_seqs:
            settings["stop_strings"] = tuple(config.stop_seqs)
        return tuple(sorted(settings.items()))

    def _answer(self, batch: Sequence[_Prompt]) -> list[_Answer]:
        import torch

        with torch.inference_mode():
            return self._weigh(batch) if batch[0].continuations else self._continue(batch)

    def _continue(self, batch: Sequence[_Prompt]) -> list[_Answer]:
        import torch

        settings = dict(batch[0].settings)
        seed = settings.pop("seed", None)
        if seed is not None:
            torch.manual_seed(seed)
        stops = list(settings.pop("stop_strings", ()))
        if stops:
            settings |= {"stop_strings": stops, "tokenizer": self.tokenizer}
        ids, mask = self._padded([prompt.ids for prompt in batch])
        made = self.model.generate(
            input_ids=ids, attention_mask=mask, pad_token_id=self.tokenizer.pad_token_id, **settings
        )
        ends = self.model.generation_config.eos_token_id
        ends = set(ends if isinstance(ends, list) else [ends]) | {self.tokenizer.eos_token_id}
        answers = []
        for row in made[:, ids.shape[1] :].tolist():
            count = next((index for index, token in enumerate(row) if token in ends), None)
            text = self.tokenizer.decode(row[:count], skip_special_tokens=True, clean_up_tokenization_spaces=False)
            cut = min((at for stop in stops if (at := text.find(stop)) >= 0), default=None)
            is_cut = count is None and cut is None and len(row) >= settings["max_new_tokens"]
            answers.append(
                _Answer(
                    text=text[:cut],
                    tokens=len(row) if count is None else count + 1,
                    stop_reason="max_tokens" if is_cut else "stop",
                )
            )
        return answers

    def _weigh(self, batch: Sequence[_Prompt]) -> list[_Answer]:
        """Log-probabilities of continuations; where each is one token, all of a prompt are read from one pass."""
        import torch

        rows: list[tuple[int, ...]] = []
        places: list[list[tuple[int, tuple[int, ...]]]] = []  # of each prompt: the row of each continuation
        for prompt in batch:
            if all(len(rest) == 1 for rest in prompt.continuations):
                places.append([(len(rows), rest) for rest in prompt.continuations])
                rows.append(prompt.ids)
            else:
                first = len(rows)
                places.append([(first + index, rest) for index, rest in enumerate(prompt.continuations)])
                # the last token is only predicted
                rows.extend((*prompt.ids, *rest[:-1]) for rest in prompt.continuations)
        kept = max(len(rest) for place in places for _, rest in place)
        found: dict[int, Any] = {}
        for start in range(0, len(rows), self.batch_size):
            ids, mask = self._padded(rows[start : start + self.batch_size])
            positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
            logits = self.model(
                input_ids=ids, attention_mask=mask, position_ids=positions, logits_to_keep=kept, use_cache=False
            ).logits
            shares = torch.log_softmax(logits.float(), dim=-1).cpu()
            found.update({start + index: share for index, share in enumerate(shares)})
        return [
            _Answer(
                logprobs=tuple(
                    sum(float(found[row][-len(rest) + index, token]) for index, token in enumerate(rest))
                    for row, rest in place
                )
            )
            for place in places
        ]

    def _padded(self, rows: Sequence[Sequence[int]]) -> tuple[Any, Any]:
        import torch

        width = max(len(row) for row in rows)
        pad = self.tokenizer.pad_token_id
        ids = [[pad] * (width - len(row)) + list(row) for row in rows]
        mask = [[0] * (width - len(row)) + [1] * len(row) for row in rows]
        return torch.tensor(ids, device=self.model.device), torch.tensor(mask, device=self.model.device)
