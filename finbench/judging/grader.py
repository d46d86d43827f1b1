"""The model that judges: it has to be named, and is never the model under test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from finbench.errors import InputError

if TYPE_CHECKING:
    from inspect_ai.model import Model

#: Inspect's name for the role, as in `--model-role grader=MODEL`.
ROLE = "grader"
_PUBLIC: ContextVar[str | None] = ContextVar("finbench_grader", default=None)
#: Names that say nothing of the weights behind them.
_NAMELESS = frozenset({"local"})


@contextmanager
def naming(public_name: str) -> Iterator[None]:
    """Tasks made in here take their judge as named: `finbench eval` checks it before Inspect has any model."""
    token = _PUBLIC.set(public_name)
    try:
        yield
    finally:
        _PUBLIC.reset(token)


def require_grader(task: str) -> str:
    """The name of the judge, for the log.

    Inspect binds roles and the model under test before it makes a task, so nothing has been asked yet.

    Raises:
        InputError: if no judge is named, or it is the model under test.
    """
    public = _PUBLIC.get()
    if public is not None:
        return public
    from inspect_ai.model import model_roles

    bound = model_roles().get(ROLE)
    judge = bound[0] if isinstance(bound, list) and bound else bound
    if judge is None or isinstance(judge, list):
        raise InputError(missing(task))
    tested = _under_test()
    if tested is not None and is_same(_identity(tested), _identity(judge)):
        raise InputError(
            f"task '{task}' cannot be judged by {judge}, which is the model under test; name another model with "
            f"--model-role {ROLE}=MODEL"
        )
    return str(judge)


def missing(task: str) -> str:
    """The sentence for a task that needs a judge and has none."""
    return (
        f"task '{task}' is scored by a judge and none is named: pass --grader MODEL to `finbench eval`, or "
        f"--model-role {ROLE}=MODEL to `inspect eval`; another model than the one under test"
    )


def is_same(first: tuple[str, str | None], second: tuple[str, str | None]) -> bool:
    """Whether two models are one, each given as model string and what tells its weights (a folder or a hash).

    The provider does not matter: `vllm/org/name` and `hf/org/name` are the same model.
    """
    (name, weights), (other, others) = first, second
    if weights is not None and others is not None:
        return weights == others
    last, last_other = (text.rstrip("/").rpartition("/")[2].casefold() for text in (name, other))
    return last == last_other and last not in _NAMELESS


def _under_test() -> Model | None:
    """The model that Inspect is about to test; None where a task is made outside of a run."""
    from inspect_ai.model import get_model

    try:
        return get_model()
    except ValueError:
        return None


def _identity(model: Model) -> tuple[str, str | None]:
    path = model.model_args.get("model_path")
    return str(model), None if path is None else str(path)
