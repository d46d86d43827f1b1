"""A bound on cost holds for the whole command, and a missing price is said before anything is spent."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Server

from finbench.errors import InputError
from finbench.evaluation import ModelSpec, model_spec, run
from finbench.evaluation.spending import read_prices
from finbench.results.choosing import read_runs

#: The server counts 10 tokens in and 2 out, so that a request costs 10 + 2 * 5 = 20 millionths of a USD.
PRICES = "{}: {{input: 1, output: 5}}\n"
REQUEST = 20e-6
LIMIT = 5


def served(name: str) -> ModelSpec:
    return model_spec(f"openai-api/loopback/{name}", name=name.upper())


def table(folder: Path, *models: str) -> Path:
    path = folder / "prices.yaml"
    path.write_text("".join(PRICES.format(model) for model in models))
    return path


def test_the_bound_is_of_the_whole_command_and_not_of_each_model(
    openai_server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two models, each of which would be within the bound: the second one stops. Prices by model string and by name."""
    prices = table(tmp_path, "openai-api/loopback/a", "B")
    bound = 1.5 * LIMIT * REQUEST
    options = {"limit": LIMIT, "prices": prices, "max_connections": 1}
    first = run([served("a"), served("b")], ["fin_tone"], tmp_path / "logs", max_cost=bound, **options)
    assert first.exit_code == 1
    asked = [body["model"] for body in openai_server.requests]
    assert asked.count("a") == LIMIT and 0 < asked.count("b") < LIMIT
    assert len(asked) == 8, "the request that reaches the bound is the last one"
    assert "USD are spent" in capfd.readouterr().err

    openai_server.requests.clear()
    again = run([served("a"), served("b")], ["fin_tone"], tmp_path / "logs", max_cost=bound, **options)
    assert again.exit_code == 0, "what the finished log of `a` once cost is not spent again"
    assert [body["model"] for body in openai_server.requests] == ["b"] * 2, "and what `b` answered is not asked again"
    assert all(one.complete for one in read_runs([tmp_path / "logs"], skip_bad=True) if one.model == "A")


def test_tasks_after_the_bound_are_not_begun(
    openai_server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    prices = table(tmp_path, "openai-api/loopback/a")
    done = run(
        [served("a")], ["fin_tone", "fin_terms"], tmp_path / "logs", limit=LIMIT, prices=prices, processes=2,
        max_cost=LIMIT * REQUEST,
    )  # fmt: skip
    assert done.exit_code == 1 and len(openai_server.requests) == LIMIT
    assert "stopped before fin_terms" in capfd.readouterr().err


def test_a_missing_price_is_said_before_anything_is_asked(openai_server: Server, tmp_path: Path) -> None:
    prices = table(tmp_path, "openai-api/loopback/a")
    with pytest.raises(InputError, match=r"no price is known for openai-api/loopback/b, .*--prices FILE"):
        run([served("a"), served("b")], ["fin_tone"], tmp_path / "logs", max_cost=1.0, prices=prices)
    assert openai_server.requests == [] and not (tmp_path / "logs").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n", "is no price table"),
        ("a: {input: 1}\n", "the price 'output' of a is not usable"),
        ("a: {input: 1, output: -1}\n", "the price 'output' of a is not usable"),
        ("a: {input: 1, output: .inf}\n", "the price 'output' of a is not usable"),
        ("a: {input: 1, output: 1, outptu: 2}\n", "the price 'outptu' of a is not usable"),
        ("a: 3\n", "the price 'input' of a is not usable"),
        ("a: {\n", "cannot be read"),
    ],
)
def test_a_bad_price_table_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=says) as caught:
        read_prices(path)
    assert "\n" not in caught.value.message


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_cached_input_costs_what_input_costs_unless_told(
    tmp_path_factory: pytest.TempPathFactory, i: int, o: int
) -> None:
    path = tmp_path_factory.mktemp("prices") / "p.yaml"
    path.write_text(f"m: {{input: {i}, output: {o}}}\n")
    [price] = read_prices(path).values()
    assert price.input_cache_read == price.input_cache_write == price.input
