"""Going on from a started turn of the assistant: how, by provider.

A checkpoint folder continues exactly: the chat template is rendered with the turn left open. A vLLM server
(`vllm/...`) continues exactly too, by its request fields `continue_final_message` and `add_generation_prompt`. Other
providers close the turn, and are asked in a new one to go on, which is less exact: the policy may repeat itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspect_ai.model import ChatMessage, ModelAPI, modelapi

#: What a vLLM server is sent beside the messages.
VLLM_FIELDS: dict[str, Any] = {"continue_final_message": True, "add_generation_prompt": False}


def continuation_of(model: str, asked: str = "auto") -> str:
    """`continue` where the provider of a model string leaves the turn open, else `ask`.

    Args:
        model: Inspect's model string.
        asked: `continue` or `ask` decide themselves; `continue` suits any server that reads vLLM's fields.
    """
    if asked != "auto":
        return asked
    return "continue" if model.startswith(("continuing/", "checkpoint/", "vllm/")) else "ask"


@modelapi(name="continuing")
def continuing() -> type[ModelAPI]:
    """A local checkpoint that leaves the assistant's turn open where the messages end in one."""
    from finbench.evaluation.local import CheckpointAPI
    from finbench.tasks.prompts import PLAIN_TEMPLATE

    class ContinuingAPI(CheckpointAPI):
        """Local weights; see `CheckpointAPI`."""

        def prompt_text(self, messages: Sequence[ChatMessage]) -> str:
            """The text that the model continues."""
            if not messages or messages[-1].role != "assistant":
                return super().prompt_text(messages)
            template = self.chat_template or getattr(self.tokenizer, "chat_template", None) or PLAIN_TEMPLATE
            rendered = self.tokenizer.apply_chat_template(
                [{"role": message.role, "content": message.text} for message in messages],
                chat_template=template,
                continue_final_message=True,
                tokenize=False,
            )
            return str(rendered)

    return ContinuingAPI
