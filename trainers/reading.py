"""Recipes from YAML: where they lie, how they are read, and what is said of those that cannot be."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from finbench.errors import InputError
from trainers.base import first_line, load_trainer
from trainers.recipe import Recipe, Stage
from trainers.references import PARENT, check_names, check_whole, leaves_adapter, references
from trainers.settings import LoopSettings

_SUFFIXES = (".yaml", ".yml")
#: Folder of launch configurations beside the recipes that ship.
LAUNCH_FOLDER = "launch"
#: The trainers whose settings stand in `recipes/schema.json`.
SHIPPED = ("command", "cpt", "dpo", "genrm", "grpo", "joint", "merge", "sft")


class _Loader(yaml.SafeLoader):
    """The safe loader, refusing a key that stands twice (YAML would keep the last one in silence)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key is not a plain value", key.start_mark)
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {name!r} stands twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


def recipe_folders() -> list[Path]:
    """Folders of shipped recipes: `trainers/_recipes` in a wheel, `recipes` beside the packages in a checkout."""
    package = Path(__file__).resolve().parent
    folders = [package / "_recipes"]
    if (package.parent / "pyproject.toml").is_file():  # in site-packages a `recipes` folder would be somebody else's
        folders.append(package.parent / "recipes")
    return [folder for folder in folders if folder.is_dir()]


def shipped_recipes() -> dict[str, Path]:
    """Name (such as `quickstart` or `ablations/sft_only`) to file, sorted."""
    found = {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for folder in reversed(recipe_folders())
        for path in folder.rglob("*.yaml")
        if LAUNCH_FOLDER not in path.relative_to(folder).parts
    }
    return dict(sorted(found.items()))


def recipe_path(name: str) -> Path:
    """The file of a recipe: a path, or the name of one that ships, with or without `recipes/` and `.yaml`.

    Raises:
        InputError: neither a file nor a shipped recipe.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return path
    key = name.removeprefix("./").removeprefix("recipes/")
    for suffix in _SUFFIXES:
        key = key.removesuffix(suffix)
    shipped = shipped_recipes()
    if key in shipped:
        return shipped[key]
    raise InputError(f"there is no recipe {name!r}: not a file, and those that ship are {', '.join(shipped) or 'none'}")


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe, with `key.path=value` overrides applied before it is checked.

    The stages' `config` is checked against the settings of their trainers, which are imported for it.

    Raises:
        InputError: one sentence that names the file, the place in it, and what is allowed there.
    """
    raw = _parse(path)
    for override in overrides:
        _apply(raw, override)
    try:
        recipe = Recipe.model_validate(raw, context={"folder": path.resolve().parent})
    except ValidationError as error:
        raise InputError(f"{path}: {_sentence(error, Recipe)}") from error
    adapters: set[str] = set()
    for index, stage in enumerate(recipe.stages):
        try:
            settings = read_settings(stage)
            named = references(stage.trainer, settings)
            check_names(named, (before.name for before in recipe.stages[:index]))
            goes_on = isinstance(settings, LoopSettings) or PARENT in named
            check_whole(recipe.parent(index) if goes_on else None, named, adapters)
            trainer = load_trainer(stage.trainer)
            if stage.launch and getattr(trainer, "one_process", False):
                raise InputError(f"`{stage.trainer}` works in one process of its own; take `launch` away")
            if check := getattr(trainer, "check", None):
                check(settings, stage.data)
        except InputError as error:
            raise InputError(f"{path}: stages.{index}: {error.message}") from error
        if leaves_adapter(settings):
            adapters.add(stage.name)
    return recipe


def read_settings(stage: Stage) -> BaseModel:
    """A stage's `config` as its trainer's own class.

    Raises:
        InputError: the trainer cannot be loaded or refuses a key or value.
    """
    settings = load_trainer(stage.trainer).settings
    try:
        return settings.model_validate(stage.config)
    except ValidationError as error:
        raise InputError(f"config of trainer {stage.trainer!r}: {_sentence(error, settings)}") from error


def _safe(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - the loader is a SafeLoader


def _parse(path: Path) -> dict[str, Any]:
    try:
        raw = _safe(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or first_line(error)
        raise InputError(f"{path}{place}: not usable as YAML: {problem}") from error
    if not isinstance(raw, dict):
        raise InputError(f"{path}: a recipe is a mapping with the keys {_keys(Recipe)}")
    return raw


def _apply(raw: dict[str, Any], override: str) -> None:
    """Set one value, such as `stages.0.config.max_steps=5`; a stage can be named instead of counted."""
    place, separator, text = override.partition("=")
    keys = place.split(".")
    if not separator or not all(keys):
        raise InputError(f"--set {override!r} is not of the form key.path=value, such as stages.0.config.max_steps=5")
    try:
        value = _safe(text)
    except yaml.YAMLError as error:
        raise InputError(f"--set {override!r}: the value is not usable as YAML") from error
    here: Any = raw
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        if isinstance(here, list):
            index = _index(here, key)
            if index is None:
                raise InputError(f"--set {override!r}: {'.'.join(keys[:depth])} has no element {key!r}")
            if last:
                here[index] = value
            here = here[index]
        elif isinstance(here, dict):
            if last:
                here[key] = value
            else:
                here = here.setdefault(key, {})
        else:
            raise InputError(f"--set {override!r}: {'.'.join(keys[:depth])} is a single value and has no {key!r}")


def _index(items: list[Any], key: str) -> int | None:
    if key.isdecimal():
        return int(key) if int(key) < len(items) else None
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    return names.index(key) if key in names else None


def _sentence(error: ValidationError, model: type[BaseModel]) -> str:
    """The first fault of a validation in one sentence, with the keys allowed where a key is unknown or missing."""
    faults = error.errors(include_url=False)
    first = faults[0]
    place = [str(part) for part in first["loc"]]
    where = ".".join(place)
    if first["type"] in {"extra_forbidden", "missing"}:
        allowed = _keys(_model_at(model, first["loc"][:-1]))
        parent = ".".join(place[:-1]) or "the top level"
        what = "is not a key" if first["type"] == "extra_forbidden" else "is missing"
        text = f"{place[-1]!r} {what} at {parent}; allowed there: {allowed}"
    else:
        message = first["msg"].removeprefix("Value error, ")
        value = first.get("input")
        shown = f" (found {value!r})" if isinstance(value, str | int | float | bool) or value is None else ""
        text = f"{where + ': ' if where else ''}{message}{'' if first['type'] == 'value_error' else shown}"
    return text + (f" (and {len(faults) - 1} more)" if len(faults) > 1 else "")


def _model_at(model: type[BaseModel], place: Sequence[str | int]) -> type[BaseModel]:
    """The class that describes the mapping at a place of a recipe."""
    for part in place:
        if isinstance(part, str) and part in model.model_fields:
            model = next(_models_in(model.model_fields[part].annotation), model)
    return model


def _models_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _keys(model: type[BaseModel]) -> str:
    return ", ".join(field.alias or name for name, field in model.model_fields.items())


def schema(trainers: Sequence[str] = SHIPPED) -> str:
    """The JSON schema of recipes as text, with the settings of the trainers that ship; `recipes/schema.json` is it."""
    value = Recipe.model_json_schema()
    rules = []
    for name in sorted(trainers):
        settings = load_trainer(name).settings.model_json_schema(ref_template=f"#/$defs/{name}_{{model}}")
        value["$defs"] |= {f"{name}_{key}": part for key, part in settings.pop("$defs", {}).items()}
        value["$defs"][f"{name}_config"] = settings
        rules.append(
            {
                "if": {"properties": {"trainer": {"const": name}}},
                "then": {"properties": {"config": {"$ref": f"#/$defs/{name}_config"}}},
            }
        )
    value["$defs"]["Stage"]["allOf"] = rules
    value["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_schema(path: Path) -> None:
    """Write `recipes/schema.json` (run after a change to the models; a test compares)."""
    path.write_text(schema(), encoding="utf-8", newline="\n")
