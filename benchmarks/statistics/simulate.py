"""Size, power and coverage of finbench.stats, measured on simulated runs whose truth is known.

    OMP_NUM_THREADS=1 python benchmarks/statistics/simulate.py --grid small
    OMP_NUM_THREADS=1 python benchmarks/statistics/simulate.py --grid full --replicates 2500 --store FILE --seconds 3600

Minutes for the small grid. The full one goes over all its cells batch by batch and keeps its counts in FILE: stopped,
or out of seconds, the same command goes on from there, and more replicates add to those counted. `--tables` only
prints.

A cell is held if an error rate is at most 5.5 % (6.5 % below 30 clusters; half of either for one-sided tests) or a
coverage at least 94 %, each with two Monte Carlo standard errors of grace. A cell outside is listed with what the
software itself says beside such a result. Where it says nothing, the cell is drawn afresh; the exit code is 1 if it
lies outside again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from grid import Found, Section, condensed_table, confirm, full_table, grow, load, verdicts
from sections_clusters import section_b, section_f, section_g, section_n
from sections_corpus import section_l
from sections_items import section_a, section_c, section_d, section_e, section_k
from sections_models import section_h, section_i, section_j
from sections_recipes import section_m
from sizes import GRIDS, Sizes

SEED, BATCH, AGAIN = 20261122, 250, 2500
SECTIONS: dict[str, Callable[[Sizes], Section]] = {
    "A": section_a,
    "B": section_b,
    "C": section_c,
    "D": section_d,
    "E": section_e,
    "F": section_f,
    "G": section_g,
    "H": section_h,
    "I": section_i,
    "J": section_j,
    "K": section_k,
    "L": section_l,
    "M": section_m,
    "N": section_n,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", choices=sorted(GRIDS), default="small")
    parser.add_argument("--only", default="".join(SECTIONS), help="sections, such as A,F,H (default: all)")
    parser.add_argument("--replicates", type=int, default=1000, help="a cell, in batches of 250 (default 1000)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long; go on another time")
    parser.add_argument("--store", type=Path, help="keep counts in this JSON file, and go on from it")
    parser.add_argument("--tables", choices=["full", "condensed"], help="run nothing; print the tables of --store")
    options = parser.parse_args()
    sections = [make(GRIDS[options.grid]) for name, make in SECTIONS.items() if name in options.only.upper()]
    found = load(options.store)
    if options.tables is None:
        grow(
            sections,
            found,
            batches=-(-options.replicates // BATCH),
            batch=BATCH,
            seed=SEED,
            path=options.store,
            seconds=options.seconds,
        )
    return show(sections, found, condensed=options.tables == "condensed")


def show(sections: list[Section], found: dict[str, Found], *, condensed: bool) -> int:
    """Print all tables and what lies outside; 1 if the software flags some of it not."""
    for section in sections:
        print("\n".join((condensed_table if condensed else full_table)(section, found)), end="\n\n")
    all_verdicts = verdicts(sections, found)
    outside = [one for one in all_verdicts if not one.held]
    silent = [one for one in outside if not one.flags]
    faults = confirm(sections, silent, replicates=AGAIN, seed=SEED)
    print(f"{len(all_verdicts) - len(outside):,} of {len(all_verdicts):,} rates are held. {len(outside) - len(silent)}")
    print(f"lie outside and are flagged by the software. {len(silent)} lie outside and are not flagged; of these,")
    print(f"{len(faults)} lie outside in {AGAIN:,} fresh draws too.\n")
    for one in outside:
        print(f"- {one.key}: {one.column} {one.rate:.3f} {one.word}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
