"""The commands `finbench train` and `finbench recipes`."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import click

from finbench.cli.output import json_option, print_json
from finbench.errors import InputError
from trainers.reading import load_recipe, recipe_path, shipped_recipes

_NEEDED = ("torch", "transformers", "trl", "peft", "accelerate")


@click.command()
@click.argument("recipe")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run; runs/<recipe's name> by default.")
@click.option("--stage", "until", help="Stop after this stage.")
@click.option("--dry-run", is_flag=True, help="Print the plan, cost and power; no network, weights or tokenizer.")
@click.option("--tokens-per-second", type=click.FloatRange(min=0, min_open=True), help="Training speed for the plan.")
@json_option
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Such as stages.0.config.max_steps=5.")
def train(
    recipe: str,
    out: Path | None,
    until: str | None,
    dry_run: bool,
    tokens_per_second: float | None,
    as_json: bool,
    overrides: tuple[str, ...],
) -> None:
    """Run a recipe: train its stages, score each checkpoint, judge it.

    RECIPE is a YAML file or the name of a recipe that ships. The same command again goes on where it stopped.

    Exit codes: 0 done, 1 a stage's `require` does not hold, 2 the input is not usable or training broke off.
    """
    read = load_recipe(recipe_path(recipe), overrides)
    if dry_run:
        from trainers.plan import plan
        from trainers.plan_text import text

        value = plan(read, tokens_per_second)
        if as_json:
            print_json(value)
        else:
            click.echo(text(value))
        return
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise InputError(f"training needs the module {missing[0]}: pip install 'finbench[train]'")
    from trainers.report import markdown
    from trainers.run import run_recipe

    report = run_recipe(read, out or Path("runs") / read.name, until)
    if as_json:
        print_json(report)
    else:
        click.echo(markdown(report))


@click.group()
def recipes() -> None:
    """The recipes that ship."""


@recipes.command(name="list")
@json_option
def list_recipes(as_json: bool) -> None:
    """Name and purpose of each recipe."""
    found = []
    for name, path in shipped_recipes().items():
        recipe = load_recipe(path)
        found.append(
            {
                "name": name,
                "description": recipe.description,
                "base": recipe.base,
                "stages": [stage.name for stage in recipe.stages],
            }
        )
    if as_json:
        print_json(found)
        return
    for entry in found:
        click.echo(f"{entry['name']}: {entry['description']}")


@recipes.command(name="copy")
@click.argument("name")
@click.argument("destination", type=click.Path(path_type=Path), required=False)
def copy_recipe(name: str, destination: Path | None) -> None:
    """Copy the recipe NAME to DESTINATION (a file or a folder; here by default), to be changed there."""
    source = recipe_path(name)
    target = destination or Path(source.name)
    target = target / source.name if target.is_dir() else target
    if target.exists():
        raise InputError(f"{target} is there already; name another destination")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror or error}") from error
    click.echo(str(target))
