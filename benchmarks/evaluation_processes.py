"""Items a second of `finbench eval` with one worker process and with two, on a loopback server that answers at once.

Usage: python benchmarks/evaluation_processes.py [--rounds 2]. The whole command is measured, so the start of each
worker (some seconds) counts. The table goes to stdout and to results/evaluation_processes.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from loopback import Server

from finbench.evaluation import model_spec, run
from finbench.tasks.catalogue import definition

RESULTS = Path(__file__).parent / "results" / "evaluation_processes.md"
TASKS = ("fin_calc", "fin_terms", "fin_figures", "fin_tone")


def measure(processes: int, url: str) -> float:
    """Seconds of one evaluation."""
    with tempfile.TemporaryDirectory() as logs:
        began = time.perf_counter()
        done = run(
            [model_spec("openai-api/loopback/m", base_url=url)],
            TASKS,
            Path(logs),
            processes=processes,
            max_connections=32,
        )
        if done.exit_code:
            sys.exit("the evaluation did not end well")
        return time.perf_counter() - began


def main() -> int:
    """Measure alternately and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_args().rounds
    os.environ["LOOPBACK_API_KEY"] = "none"
    server = Server()
    items = sum(definition(name).card.items or 0 for name in TASKS)
    times: dict[int, list[float]] = {1: [], 2: []}
    loads = []
    for _ in range(rounds):
        for processes, measured in times.items():
            loads.append(os.getloadavg()[0])
            measured.append(measure(processes, server.url))
    server.close()
    lines = ["| processes | items/s, best of the rounds |", "|---|---|"]
    lines += [f"| {processes} | {items / min(measured):.0f} |" for processes, measured in times.items()]
    ratios = ", ".join(f"{one / two:.2f}" for one, two in zip(times[1], times[2], strict=True))
    lines += [
        "",
        f"Time with one process / with two, round by round: {ratios}. {items} items of {len(TASKS)} tasks, load "
        f"{min(loads):.1f} to {max(loads):.1f} on {os.cpu_count()} cores, which the server shares.",
    ]
    table = "\n".join(lines) + "\n"
    sys.stdout.write(table)
    RESULTS.write_text(table, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
