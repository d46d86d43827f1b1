"""A tiny random Llama with a word tokenizer, so that the benchmarks of this folder run anywhere in seconds."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + ' ' + message['content'] + '<|im_end|>' + ' ' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant ' }}{% endif %}"
)
WORDS = 500


def tiny_model(folder: Path, texts: list[str]) -> Path:
    """Write the model to `folder` (hidden 64, 2 layers), with the commonest words of `texts` as its vocabulary."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    counted = Counter(word for text in texts for word in re.findall(r"\w+|[^\w\s]", text))
    special = ["<unk>", "<|im_start|>", "<|im_end|>", "assistant", "user", "system"]
    common = sorted(counted, key=lambda word: (-counted[word], word))[:WORDS]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys([*special, *common]))}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))  # noqa: S106
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words,
        unk_token="<unk>",  # noqa: S106
        bos_token="<|im_start|>",  # noqa: S106
        eos_token="<|im_end|>",  # noqa: S106
        pad_token="<|im_end|>",  # noqa: S106
        chat_template=TEMPLATE,
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=4096, bos_token_id=1, eos_token_id=2, pad_token_id=2,
        tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
