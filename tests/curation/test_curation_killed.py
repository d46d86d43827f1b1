"""A run that is killed goes on where it was: no text that was answered is asked about again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from loopback import Server

from finbench.curation.rows import read_rows
from finbench.curation.running import run_quality
from finbench.curation.schema import CRITERIA, Settings
from finbench.evaluation.models import model_spec

CHILD = """
import sys
from pathlib import Path
from finbench.curation.rows import read_rows
from finbench.curation.running import run_quality
from finbench.curation.schema import Settings
from finbench.evaluation.models import model_spec
settings = Settings(max_retries=0, max_connections=1)
run_quality(read_rows([sys.argv[1]]), model_spec("openai-api/loopback/m"), settings, Path(sys.argv[2]))
"""


def test_killed_run_asks_nothing_twice(openai_server: Server, tmp_path: Path) -> None:
    path, logs, answered = tmp_path / "rows.jsonl", tmp_path / "logs", 3
    path.write_text("".join(json.dumps({"text": f"Text number {n}."}) + "\n" for n in range(6)), encoding="utf-8")
    openai_server.reply = lambda prompt: json.dumps({"why": "", **dict.fromkeys(CRITERIA, 1)})
    openai_server.fault = lambda number: "hang" if number == answered else None
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), str(logs)], env=dict(os.environ), stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 240
    while len(openai_server.requests) <= answered:
        assert child.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    settings = Settings(max_retries=0, max_connections=1)
    made = run_quality(read_rows([path]), model_spec("openai-api/loopback/m"), settings, logs)
    assert [row["score"] for row in made.rows] == [5] * 6
    asked = Counter(one["messages"][0]["content"] for one in openai_server.requests)
    hung = openai_server.requests[answered]["messages"][0]["content"]
    assert len(asked) == 6 and {text: count for text, count in asked.items() if count > 1} == {hung: 2}
