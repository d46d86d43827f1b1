"""How large the small and the full grid are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Settings that the sections combine.

    Attributes:
        items: Numbers of independent items.
        clustered: (items, clusters).
        accuracies: Accuracies of the systems.
        rhos: Correlation of two systems' latent answers, independent items.
        shares: The item's share of the latent variance, clustered items: the correlation of a pair.
        seeds: Training seeds an arm.
        crossed: (items, clusters) for recipes; clusters = items where they are independent.
        corpus: Numbers of items for metrics of the whole set.
        boards: (models, items).
        suites: Names of the suites of tasks; all where empty.
    """

    items: tuple[int, ...]
    clustered: tuple[tuple[int, int], ...]
    accuracies: tuple[float, ...]
    rhos: tuple[float, ...]
    shares: tuple[float, ...]
    seeds: tuple[int, ...]
    crossed: tuple[tuple[int, int], ...]
    corpus: tuple[int, ...]
    boards: tuple[tuple[int, int], ...]
    suites: tuple[str, ...] = ()


GRIDS = {
    "small": Sizes(
        items=(30, 300),
        clustered=((30, 5), (90, 13), (300, 33)),
        accuracies=(0.6, 0.97),
        rhos=(0.5, 0.9),
        shares=(0.3,),
        seeds=(2, 3),
        crossed=((300, 300), (300, 33)),
        corpus=(90,),
        boards=((10, 400),),
        suites=("8 of 30, saturated", "3 of 90 in 13 clusters"),
    ),
    "full": Sizes(
        items=(30, 90, 300, 1000, 3000),
        clustered=((30, 5), (60, 8), (90, 13), (150, 20), (300, 33), (1000, 128), (3000, 300)),
        accuracies=(0.5, 0.6, 0.8, 0.9, 0.95, 0.97, 0.99),
        rhos=(0.0, 0.5, 0.9),
        shares=(0.0, 0.55),
        seeds=(2, 3, 5, 10),
        crossed=((100, 100), (300, 300), (300, 13), (300, 33), (1000, 1000), (1000, 128), (3000, 300)),
        corpus=(30, 60, 90, 150, 300, 1000),
        boards=((10, 100), (10, 400), (30, 400), (30, 1000)),
    ),
}
