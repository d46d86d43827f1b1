"""Stages -> checkpoints -> evaluation -> verdicts. What is finished is not done again; what broke goes on."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finbench.errors import ClaimFailed, InputError
from trainers import judge, launching, lineage, memory, worker
from trainers.adapters import whole
from trainers.ahead import check_paths
from trainers.base import ROWS, Prepared
from trainers.claims import check_claims, judged_by
from trainers.curves import losses
from trainers.files import locked, write_json, write_text
from trainers.forgetting import column
from trainers.models import identity, model_folder, public_name
from trainers.progress import duration, say
from trainers.reading import read_settings
from trainers.recipe import DataSource, Evaluation, Recipe, Stage
from trainers.references import BASE, PARENT, Found, find, references
from trainers.report import documents
from trainers.stage_rows import Decontamination, stage_rows
from trainers.tracking import check_trackers


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model that stages start from or leave: its folder, its public name, and what its identity hashes to."""

    folder: Path
    name: str
    identity: str
    stage: Path | None = None  # its stage's folder
    parent: Path | None = None  # what its stage started from


@dataclass(kw_only=True)
class Run:
    """One run of a recipe in a folder; `report` grows stage by stage and is written after each."""

    recipe: Recipe
    out: Path
    report: dict[str, Any] = field(default_factory=dict)
    _logs: dict[tuple[str, Evaluation], Path] = field(default_factory=dict)
    _left: dict[int, dict[str, Model]] = field(init=False, default_factory=dict)  # by seed and stage
    _skipped: dict[str, str] = field(init=False, default_factory=dict)  # stage to the reason
    _clean: Decontamination = field(init=False)

    def __post_init__(self) -> None:
        """Look at the claims, and prepare what looks at the rows of all stages."""
        check_claims(self.recipe)
        self._clean = Decontamination(self.recipe)

    def execute(self, until: str | None = None) -> dict[str, Any]:
        """Run all stages, each for all seeds, or those up to and with the stage named.

        Returns:
            The report, as written to `report.json`.

        Raises:
            InputError: something in the recipe is not usable, or a stage's training broke off (StageError).
            ClaimFailed: a stage's `require` does not hold; the report is written.
        """
        stages = self.recipe.stages
        if until is not None:
            names = [stage.name for stage in stages]
            if until not in names:
                raise InputError(f"the recipe has no stage {until!r}; it has {', '.join(names)}")
            stages = stages[: names.index(until) + 1]
        check_trackers(self.recipe.track)
        check_paths(self.recipe, stages)
        with locked(self.out):
            folder = model_folder(self.recipe.base)
            base = Model(folder=folder, name=public_name(self.recipe.base), identity=identity(self.recipe.base, folder))
            self.report = {
                "recipe": self.recipe.name,
                "base": base.name,
                "seeds": list(self.recipe.seeds),
                "hypotheses": [claim.model_dump(exclude_none=True) for claim in self.recipe.hypotheses],
                "stages": [],
                "over_seeds": [],
                "forgetting": [],
                "complete": False,
                "stopped": None,
            }
            self._left = {seed: {} for seed in self.recipe.seeds}
            self._look_ahead(stages, base)
            for index, stage in enumerate(stages):
                if reason := self._cannot_begin(index, stage):
                    self._skipped[stage.name] = reason
                    self.report["stopped"] = "; ".join(self._skipped.values())
                    say(reason)
                    continue
                for seed in self.recipe.seeds:
                    self._left[seed][stage.name] = self._stage(index, stage, base, seed)
                if stage.evaluate and len(self.recipe.seeds) > 1:
                    self._over_seeds(index, stage, base)
            self.report["complete"] = len(stages) == len(self.recipe.stages) and not self._skipped
            self._write()
        return self.report

    def _look_ahead(self, stages: Sequence[Stage], base: Model) -> None:
        """Find what no stage can do before the first one trains: memory that is not there, rows that are missing."""
        if not memory.accelerator_here():
            for stage in stages:  # all checkpoints have the base model's shape
                processes = stage.launch.processes if stage.launch else 1
                memory.check(base.folder, read_settings(stage), processes=processes)
        for stage in stages:
            if stage.evaluate and stage.against == "base":
                self._score(base, stage.evaluate)

    def _cannot_begin(self, index: int, stage: Stage) -> str | None:
        """Why a stage is left out: the stage that it reads or starts from left nothing."""
        sources = [source for source in stage.data if source.stage]
        for name in (self.recipe.parent(index), *(source.stage for source in sources)):
            if name in self._skipped:
                return f"stage {stage.name!r} was left out with stage {name!r}"
        for source in sources:
            for seed in self.recipe.seeds:
                if not self._rows_of(source, seed).stat().st_size:
                    where = f" (seed {seed})" if len(self.recipe.seeds) > 1 else ""
                    return f"stage {stage.name!r} was left out: {source.label} left no rows{where}, see its report"
        return None

    def _rows_of(self, source: DataSource, seed: int) -> Path:
        """The file of the rows that an earlier stage left."""
        folder = self._left[seed][source.stage or ""].stage
        file = None if folder is None else folder / (f"pairs/{source.part}.jsonl" if source.part else ROWS)
        if file is None or not file.is_file():
            raise InputError(f"{source.label}: no such rows were left; trainer genrm leaves pairs")
        return file

    def _with_rows(self, stage: Stage, seed: int) -> Stage:
        """A stage whose sources know where the rows of earlier stages lie."""
        data = tuple(
            source.model_copy(update={"path": str(self._rows_of(source, seed))}) if source.stage else source
            for source in stage.data
        )
        return stage.model_copy(update={"data": data})

    def _parent(self, index: int, base: Model, seed: int) -> Model:
        name = self.recipe.parent(index)
        return base if name is None else self._left[seed][name]

    def _stage(self, index: int, stage: Stage, base: Model, seed: int) -> Model:
        """Train (or find) one stage, score it, judge it, report it; gives the model it left."""
        parent = self._parent(index, base, seed)
        against = base if stage.against == "base" else parent
        settings = read_settings(stage)
        if stage.evaluate:  # first, so that missing rows are found before hours of training
            self._score(against, stage.evaluate)
        located = self._with_rows(stage, seed)
        rows = stage_rows(located, self.out / f".{stage.name}.jsonl", seed=seed, model=base.folder, name=base.name)
        data, overlaps = self._clean.apply(stage, rows)
        config = settings.model_dump(mode="json")
        named = {PARENT: parent, BASE: base, **self._left[seed]}
        inputs = find(
            references(stage.trainer, settings),
            {name: Found(path=model.folder, identity=model.identity) for name, model in named.items()},
            self.recipe.folder,
        )
        known = lineage.stage_identity(
            stage,
            config=config,
            data=data,
            parent=parent.identity,
            seed=seed,
            inputs={name: found.identity for name, found in inputs.items()},
        )
        digest = lineage.identity_hash(known)
        folder = self.out / lineage.folder_name(index, stage.name, digest)
        record = lineage.finished(folder, digest)
        label = f"stage {stage.name}" + (f", seed {seed}" if len(self.recipe.seeds) > 1 else "")
        reused = record is not None
        if record is None:
            say(f"{label}: training with {stage.trainer} on {data.rows} rows, from {parent.name}")
            folder.mkdir(parents=True, exist_ok=True)
            data = _moved(data, folder / "data.jsonl")
            result = launching.train_stage(
                stage,
                config=config,
                model=parent.folder,
                data=data,
                out=folder,
                seed=seed,
                inputs={name: found.path for name, found in inputs.items()},
                track=self.recipe.track,
            )
            record = lineage.write_lineage(
                folder,
                stage,
                identity=known,
                data=data,
                base=base.name,
                parent=parent.name,
                result=result,
                overlaps=overlaps,
            )
            shutil.rmtree(folder / "resume", ignore_errors=True)
            for name in (launching.JOB, worker.RESULT):  # they name folders of this machine
                (folder / name).unlink(missing_ok=True)
            say(f"{label}: trained in {duration(result['seconds'])}")
        else:
            data.path.unlink(missing_ok=True)
            say(f"{label}: finished before in {folder.name}, not trained again")
        model = Model(
            folder=folder / record["checkpoint"],
            name=self._name(stage, seed),
            identity=digest,
            stage=folder,
            parent=parent.folder,
        )
        entry = {
            "stage": stage.name,
            "index": index,
            "seed": seed,
            "model": model.name,
            "parent": parent.name,
            "hash": digest,
            "folder": folder.name,
            "checkpoint": f"{folder.name}/{record['checkpoint']}",
            "reused": reused,
            "training": record["training"],
            "curve": losses(folder),
            "data": record["data"],
            "hardware": record["hardware"],
            "versions": record["versions"],
            "against": against.name,
            "verdicts": [],
        }
        self.report["stages"].append(entry)
        self._write()
        if stage.evaluate:
            logs = [self._score(against, stage.evaluate), self._score(model, stage.evaluate)]
            claims = judged_by(self.recipe.hypotheses, stage.evaluate)
            entry["logs"] = [path.relative_to(self.out.resolve()).as_posix() for path in logs]
            verdicts = judge.judge(claims, logs, baseline=against.name, candidate=model.name)
            entry["verdicts"] = [verdict.as_json() for verdict in verdicts]
            for verdict in verdicts:
                say(f"{label}: this checkpoint: {verdict.text}")
            self.report["forgetting"].append(self._column(stage, seed, [against], [model], base))
            self._write()
            if len(self.recipe.seeds) == 1:
                self._require(stage, verdicts)
        return model

    def _over_seeds(self, index: int, stage: Stage, base: Model) -> None:
        """Judge a stage's recipe over all seeds by the two-way rule, and report that."""
        assert stage.evaluate is not None
        models = [self._left[seed][stage.name] for seed in self.recipe.seeds]
        parents = [self._parent(index, base, seed) for seed in self.recipe.seeds]
        before = [base] if stage.against == "base" or parents[0] == base else parents
        logs = [self._score(model, stage.evaluate) for model in [*before, *models]]
        names = [model.name for model in models]
        against: str | list[str] = before[0].name if len(before) == 1 else [model.name for model in before]
        claims = judged_by(self.recipe.hypotheses, stage.evaluate)
        verdicts = judge.judge(claims, logs, baseline=against, candidate=names)
        self.report["over_seeds"].append(
            {
                "stage": stage.name,
                "seeds": list(self.recipe.seeds),
                "models": names,
                "against": [model.name for model in before],
                "verdicts": [verdict.as_json() for verdict in verdicts],
            }
        )
        for verdict in verdicts:
            say(f"stage {stage.name}: the recipe, over {len(names)} seeds: {verdict.text}")
        self.report["forgetting"].append(self._column(stage, None, before, models, base))
        self._write()
        self._require(stage, verdicts)

    def _column(
        self, stage: Stage, seed: int | None, before: list[Model], models: list[Model], base: Model
    ) -> dict[str, Any]:
        """What checkpoints gained and lost against the base model where it was scored on the same, else `before`."""
        assert stage.evaluate is not None
        first = [base] if (base.identity, stage.evaluate) in self._logs else before
        logs = [self._score(model, stage.evaluate) for model in [*first, *models]]
        against = first[0].name if len(first) == 1 else [model.name for model in first]
        names = models[0].name if len(models) == 1 else [model.name for model in models]
        return column(stage.name, seed, logs, against, names)

    def _score(self, model: Model, evaluation: Evaluation) -> Path:
        key = (model.identity, evaluation)
        if key not in self._logs:
            say(f"scoring {model.name} on {evaluation.suite or ', '.join(evaluation.tasks)}")
            folder = whole(model.folder, model.parent)
            self._logs[key] = judge.evaluate(model.name, folder, evaluation, self.out / "logs").resolve()
        return self._logs[key]

    def _name(self, stage: Stage, seed: int) -> str:
        name = f"{self.recipe.name}-{stage.name}"
        return f"{name}-seed{seed}" if len(self.recipe.seeds) > 1 else name

    def _require(self, stage: Stage, verdicts: list[judge.Verdict]) -> None:
        """Stop the recipe where a stage's requirement does not hold."""
        for verdict in verdicts:
            if stage.require == judge.HOPED[verdict.claim] and not verdict.as_hoped:
                about = "the recipe" if verdict.about == "recipe" else "this checkpoint"
                self.report["stopped"] = f"stage {stage.name!r} requires {stage.require}, {about}: {verdict.text}"
                self._write()
                raise ClaimFailed(self.report["stopped"])

    def _write(self) -> None:
        write_json(self.out / "report.json", self.report)
        for name, text in documents(self.report).items():
            write_text(self.out / name, text)


def run_recipe(recipe: Recipe, out: Path, until: str | None = None) -> dict[str, Any]:
    """Run a recipe in the folder `out`; see `Run.execute`."""
    return Run(recipe=recipe, out=out.resolve()).execute(until)


def _moved(data: Prepared, target: Path) -> Prepared:
    data.path.replace(target)
    return Prepared(path=target, rows=data.rows, sha256=data.sha256, sources=data.sources)
