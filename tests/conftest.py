"""What all tests share: an environment without surprises, the real rows, and a real server on loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from loopback import Server

ROOT = Path(__file__).parent.parent


# The same examples in every run, no time limit (a busy machine is no fault); HYPOTHESIS_PROFILE=random finds new ones
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_configure(config: pytest.Config) -> None:
    """Steer libraries before any test imports them."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the user's reaches a test, and no test writes into the user's folders."""
    for name in list(os.environ):
        if (name.startswith(("FINBENCH_", "INSPECT_")) and name != "FINBENCH_TEST_MODEL") or name.endswith("_API_KEY"):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FINBENCH_CACHE", str(tmp_path / "cache"))


def _shared_data() -> Path | None:
    named = os.environ.get("FINBENCH_DATA")
    for folder in (Path(named) if named else None, ROOT.parent / "shared" / "data"):
        if folder is not None and folder.is_dir():
            return folder.resolve()
    return None


SHARED_DATA = _shared_data()


@pytest.fixture
def shared_data() -> Path:
    """The folder of real rows; the test is skipped where there is none."""
    if SHARED_DATA is None:
        pytest.skip("no real rows here: neither FINBENCH_DATA nor ../shared/data is a folder")
    return SHARED_DATA


@pytest.fixture
def openai_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A running server; models are `openai-api/loopback/<any name>`."""
    server = Server()
    monkeypatch.setenv("LOOPBACK_API_KEY", "none")
    monkeypatch.setenv("LOOPBACK_BASE_URL", server.url)
    yield server
    server.close()
