"""Every benchmark in turn: ratios against a named alternative, in one run each. `make bench`."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
#: Script and the file under results/ that it writes.
SCRIPTS = (
    "statistics/speed.py",
    "results_ingestion.py",
    "contamination.py",
    "extraction.py",
    "extraction_rivals.py",
    "leaderboard.py",
    "evaluation_local.py",
    "evaluation_processes.py",
)


def main() -> int:
    """Run the scripts named, or all; the exit code of the first that fails."""
    wanted = sys.argv[1:] or SCRIPTS
    for name in wanted:
        began = time.monotonic()
        print(f"== {name}", file=sys.stderr)
        done = subprocess.run([sys.executable, str(HERE / name)], check=False)
        if done.returncode:
            return done.returncode
        print(f"== {name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
