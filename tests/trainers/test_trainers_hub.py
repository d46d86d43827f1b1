"""Sets on the hub: a server on loopback stands in for it, and the real client library asks it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pytest

from finbench.errors import InputError
from trainers.data.sources import measure, read
from trainers.recipe import DataSource

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BOOKS, CHATS, TABLES, SCRIPTED = "owner/train-set", "owner/chats", "owner/tables", "owner/scripted"

README = b"""---
configs:
- config_name: books
  data_files:
  - {split: train, path: books/train-*.parquet}
- config_name: more_books
  data_files:
  - {split: train, path: more/train-*.parquet}
---
"""


def parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue().to_pybytes()


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    """The address of a server with four repositories, as the hub would serve them."""
    turns = [[{"role": "user", "content": f"q{i}"}, {"role": "assistant", "content": f"a{i}"}] for i in range(5)]
    books = {
        "README.md": README,
        "books/train-00000-of-00002.parquet": parquet([{"title": "t", "body": f"text {i}"} for i in range(3)]),
        "books/train-00001-of-00002.parquet": parquet([{"title": "t", "body": f"text {i}"} for i in range(3, 7)]),
        "more/train-00000-of-00001.parquet": parquet([{"text": "another configuration"}]),
    }
    repositories = {
        BOOKS: books,
        CHATS: {"train.jsonl": "".join(json.dumps({"messages": row}) + "\n" for row in turns).encode()},
        TABLES: {"train.csv": b"text\nabc\n"},
        SCRIPTED: {**books, "scripted.py": b"raise SystemExit('a script of the set was run')\n"},
    }

    def described(path: str, content: bytes) -> dict[str, Any]:
        return {"type": "file", "path": path, "oid": hashlib.sha1(content).hexdigest(), "size": len(content)}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            name = next(name for name in repositories if f"/{name}/" in f"{path}/")
            mine = repositories[name]
            api, resolve = f"/api/datasets/{name}", f"/datasets/{name}/resolve/{COMMIT}/"
            if path in (api, f"{api}/revision/{COMMIT}"):
                siblings = [{"rfilename": name} for name in mine]
                about = {"id": name, "sha": COMMIT, "private": False, "tags": [], "downloads": 0, "likes": 0}
                self.answer(json.dumps({**about, "siblings": siblings}).encode())
            elif path.startswith(f"{api}/tree/{COMMIT}"):
                folder = path.removeprefix(f"{api}/tree/{COMMIT}").strip("/")
                deep = "recursive=true" in self.path.lower()
                names = [name for name in mine if name.startswith(f"{folder}/" if folder else "")]
                rest = {name: name.removeprefix(f"{folder}/" if folder else "") for name in names}
                found: list[dict[str, Any]] = [
                    described(name, mine[name]) for name in names if deep or "/" not in rest[name]
                ]
                if not deep:
                    found += [
                        {"type": "directory", "path": top, "oid": "0" * 40, "size": 0}
                        for top in sorted({rest[name].partition("/")[0] for name in names if "/" in rest[name]})
                    ]
                self.answer(json.dumps(found).encode())
            elif path.startswith(resolve) and path.removeprefix(resolve) in mine:
                content = mine[path.removeprefix(resolve)]
                tag = hashlib.sha1(content).hexdigest()
                self.answer(content, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT})
            else:
                self.answer(b"{}", {"X-Error-Code": "EntryNotFound" if "/resolve/" in path else "RepoNotFound"}, 404)

        do_HEAD = do_GET

        def do_POST(self) -> None:
            wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["paths"]
            mine = next(files for name, files in repositories.items() if f"/{name}/" in self.path)
            folders = {name.rpartition("/")[0] for name in mine} - {""}
            found = [described(path, mine[path]) for path in wanted if path in mine]
            found += [{"type": "directory", "path": p, "oid": "0" * 40, "size": 0} for p in wanted if p in folders]
            self.answer(json.dumps(found).encode())

        def answer(self, body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> None:
            span = self.headers.get("Range")
            if span and status == 200:
                first, _, last = span.removeprefix("bytes=").partition("-")
                end = min(int(last) if last else len(body) - 1, len(body) - 1)
                total, body, status = len(body), body[int(first) : end + 1], 206
                headers = {**(headers or {}), "Content-Range": f"bytes {first}-{end}/{total}"}
            self.send_response(status)
            for key, value in {"Content-Length": str(len(body)), "Accept-Ranges": "bytes", **(headers or {})}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


SCRIPT = """
import json, sys
import datasets
datasets.config.USE_PARQUET_EXPORT = False  # the viewer's service is another server
from finbench.errors import InputError
from trainers.data.sources import read
from trainers.recipe import DataSource
for source in json.loads(sys.argv[1]):
    try:
        print(json.dumps([row for row in read(DataSource(**source))]))
    except InputError as error:
        print(json.dumps(error.message))
"""


def ask(address: str, home: Path, *sources: dict[str, Any]) -> list[Any]:
    """What reading these sources gives, each rows or a message, in a process that takes the server for the hub."""
    environment = {
        **os.environ,
        "HF_ENDPOINT": address,
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(sources)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_configurations_of_a_pinned_set_are_read_and_scripts_are_not(hub: str, tmp_path: Path) -> None:
    books = {"hub": f"{BOOKS}@{COMMIT}", "config": "books", "columns": {"text": "body"}}
    whole, streamed, other, chats, tables, missing, moved, script = ask(
        hub,
        tmp_path,
        books,
        {**books, "stream": True, "examples": 7},
        {"hub": f"{BOOKS}@{COMMIT}", "config": "more_books"},
        {"hub": f"{CHATS}@{COMMIT}"},
        {"hub": f"{TABLES}@{COMMIT}"},
        {**books, "config": "films"},
        {**books, "hub": f"{BOOKS}@{'f' * 40}"},
        {**books, "hub": f"{SCRIPTED}@{COMMIT}"},
    )
    assert [row["text"] for row in whole] == [f"text {i}" for i in range(7)]
    assert whole[0] == {"id": "books:1", "text": "text 0"}
    assert streamed == whole
    assert [row["messages"][1]["content"] for row in chats] == [f"a{i}" for i in range(5)]
    assert "comes as csv; only JSON and parquet files are read" in tables
    assert "cannot be had from the hub" in missing and "films" in missing
    assert other == [{"id": "more_books:1", "text": "another configuration"}]
    assert "cannot be had from the hub" in moved and "\n" not in moved
    assert "scripts are no longer supported" in script


def test_without_a_network_the_set_is_named(tmp_path: Path) -> None:
    (message,) = ask("http://127.0.0.1:9", tmp_path, {"hub": f"{BOOKS}@{COMMIT}"})
    assert message.startswith(f"{BOOKS}@01234567/train cannot be had from the hub (") and "\n" not in message


def test_a_folder_of_the_same_name_is_not_taken_for_the_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / BOOKS).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="is also a folder below the current one"):
        next(read(DataSource(hub=f"{BOOKS}@{COMMIT}")))


def test_a_plan_does_not_ask_the_hub() -> None:
    with pytest.raises(InputError, match="is on the hub; it is counted when it is fetched"):
        measure(DataSource(hub=f"{BOOKS}@{COMMIT}", examples=5))
