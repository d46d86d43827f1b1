"""Items with worked steps, and a policy and a GenRM on loopback."""

from __future__ import annotations

import pytest
from loopback import Server

from finbench.evaluation.models import ModelSpec, model_spec
from finbench.preference.items import generated_items
from finbench.preference.schema import PromptItem


@pytest.fixture(scope="session")
def worked_items() -> tuple[PromptItem, ...]:
    """Four generated problems with their worked steps."""
    return generated_items(4, 1_000_000)


@pytest.fixture
def policy(openai_server: Server) -> ModelSpec:
    """The model `policy` of the server."""
    return model_spec("openai-api/loopback/policy")


@pytest.fixture
def genrm(openai_server: Server) -> ModelSpec:
    """The model `genrm` of the server."""
    return model_spec("openai-api/loopback/genrm")
