"""Pages of recipes: the list, and one for each run of a recipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leaderboard.collect import Collection
from leaderboard.forgetting import forgetting
from leaderboard.lineage_graph import lineage_graph
from leaderboard.page import Page
from leaderboard.recipe_tables import claims_table, forgetting_table, recipes_table, stages_table, state_of
from leaderboard.recipes import Recipe
from leaderboard.text import plural


def recipe_pages(collection: Collection, recipes: Sequence[Recipe]) -> Iterator[Page]:
    """The list of recipes and a page for each; none where there is no recipe."""
    if not recipes:
        return
    table = recipes_table(tuple(recipes))
    lead = "What was trained, on what, and what the benchmark says of each checkpoint that it left."
    yield Page(
        path="recipes.html",
        template="list.html",
        title="Recipes",
        nav="recipes.html",
        description="Recipes: stages, verdicts, lineage and forgetting.",
        content={"table": table, "lead": lead},
        tables=(table,),
    )
    for recipe in recipes:
        yield _recipe(collection, recipe)


def _recipe(collection: Collection, recipe: Recipe) -> Page:
    found = forgetting(recipe)
    stages, claims = stages_table(recipe), claims_table(recipe)
    matrix = forgetting_table(collection, recipe, found) if found is not None else None
    names = {stage.hash: stage.model for stage in recipe.stages}
    models = {}
    for one in found.checkpoints if found is not None else ():
        view = collection.model_of.get(one.contender) if one.contender is not None else None
        if view is not None:
            models[view.label] = view.page
    tables = [table for table in (stages, claims, matrix) if table is not None and table.rows]
    facts = [
        ("Base model", recipe.base or "unknown"),
        ("Seeds", ", ".join(map(str, recipe.seeds)) or "unknown"),
        ("State", f"{state_of(recipe)}: {recipe.stopped}" if recipe.stopped else state_of(recipe)),
    ]
    hardware = sorted({stage.hardware for stage in recipe.stages if stage.hardware})
    facts.extend(("Trained on", text) for text in hardware)
    return Page(
        path=recipe.page,
        template="recipe.html",
        title=recipe.name,
        nav="recipes.html",
        description=f"{recipe.name}: {plural(len(recipe.stages), 'stage')}, verdicts, lineage and forgetting.",
        content={
            "recipe": recipe,
            "stages": stages,
            "claims": claims if claims.rows else None,
            "matrix": matrix,
            "graph": lineage_graph(recipe, names) if recipe.stages else None,
            "models": models,
            "facts": facts,
        },
        tables=tuple(tables),
    )
