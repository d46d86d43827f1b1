"""A hub of data sets on loopback, for tests: as much of its interface as `datasets` and `huggingface_hub` ask for."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq


def parquet(rows: list[dict[str, Any]]) -> bytes:
    """A parquet file of rows."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue().to_pybytes()


def card_of(configs: Mapping[str, Mapping[str, str]]) -> bytes:
    """The page of a set that names its configurations: pattern of the files of each split."""
    lines = ["---", "configs:"]
    for name, splits in configs.items():
        lines += [f"- config_name: {json.dumps(name)}", "  data_files:"]
        lines += [f"  - {{split: {split}, path: {json.dumps(path)}}}" for split, path in splits.items()]
    return "\n".join([*lines, "---", ""]).encode()


@dataclass
class Repository:
    """One set on the hub.

    Attributes:
        commits: files of each commit or ref, by path.
        main: the commit that the main branch is at.
        refuses: answer every question for files with this status, and say that the set is gated.
        cuts: paths whose content breaks off in the middle.
    """

    commits: dict[str, dict[str, bytes]]
    main: str
    refuses: int | None = None
    cuts: set[str] = field(default_factory=set)
    refs: dict[str, str] = field(default_factory=dict)


class Hub:
    """A hub on loopback.

    Attributes:
        repositories: by owner and name.
        asked: method and path of every request, in order.
        moved: called when `/move` is asked for, so that a test can change the hub under a running client.
    """

    def __init__(self, repositories: dict[str, Repository]) -> None:
        self.repositories = repositories
        self.asked: list[str] = []
        self.moved: Callable[[], None] = lambda: None
        hub = self

        class Handler(_Handler):
            served = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Hub

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == "/move":
            self.served.moved()
            return self.answer(b"{}")
        self.served.asked.append(f"{self.command} {path}")
        name = next((name for name in self.served.repositories if f"/{name}/" in f"{path}/"), None)
        if name is None:
            return self.fail(404, "RepoNotFound")
        mine = self.served.repositories[name]
        rest = path.removeprefix("/api").removeprefix(f"/datasets/{name}").strip("/")
        kind, _, rest = rest.partition("/")
        if kind == "" or kind == "revision":
            return self.about(name, mine, rest)
        commit, inside = self.split(mine, rest)
        if commit is None:
            return self.fail(404, "RevisionNotFound")
        files = mine.commits[commit]
        if kind == "tree":
            return self.list(files, inside)
        if kind == "resolve":
            if mine.refuses is not None:
                return self.fail(mine.refuses, "GatedRepo", commit)
            if inside not in files:
                return self.fail(404, "EntryNotFound", commit)
            return self.content(files[inside], commit, cut=inside in mine.cuts)
        return self.fail(404, "EntryNotFound")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = unquote(urlsplit(self.path).path)
        self.served.asked.append(f"POST {path}")
        name = next(name for name in self.served.repositories if f"/{name}/" in path)
        mine = self.served.repositories[name]
        commit, _ = self.split(mine, path.partition("/paths-info/")[2])
        if commit is None:
            return self.fail(404, "RevisionNotFound")
        files = mine.commits[commit]
        folders = {"/".join(path.split("/")[:depth]) for path in files for depth in range(1, path.count("/") + 1)}
        wanted = [path for path in json.loads(body)["paths"] if path in files or path in folders]
        return self.answer(json.dumps([_entry(path, files.get(path)) for path in wanted]).encode())

    def split(self, mine: Repository, rest: str) -> tuple[str | None, str]:
        """The commit that a path begins with, None if there is none of that name, and what follows it."""
        for name in sorted([*mine.refs, *mine.commits, "main"], key=len, reverse=True):
            if rest == name or rest.startswith(f"{name}/"):
                return mine.refs.get(name, mine.main if name == "main" else name), rest[len(name) :].strip("/")
        return None, ""

    def about(self, name: str, mine: Repository, revision: str) -> None:
        commit, _ = self.split(mine, revision or "main")
        if commit is None:
            return self.fail(404, "RevisionNotFound")
        siblings = [{"rfilename": path} for path in sorted(mine.commits[commit])]
        facts = {"id": name, "sha": commit, "private": False, "tags": [], "downloads": 0, "likes": 0}
        return self.answer(json.dumps({**facts, "siblings": siblings}).encode())

    def list(self, files: Mapping[str, bytes], folder: str) -> None:
        start = f"{folder}/" if folder else ""
        below = {path: path[len(start) :] for path in files if path.startswith(start)}
        if "recursive=true" in self.path.lower():
            found = [_entry(path, files[path]) for path in sorted(below)]
        else:
            found = [_entry(path, files[path]) for path, rest in sorted(below.items()) if "/" not in rest]
            tops = {start + rest.partition("/")[0] for rest in below.values() if "/" in rest}
            found += [_entry(top, None) for top in sorted(tops)]
        self.answer(json.dumps(found).encode())

    def content(self, content: bytes, commit: str, *, cut: bool) -> None:
        tag = hashlib.sha1(content).hexdigest()
        headers = {"ETag": f'"{tag}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        span, status = self.headers.get("Range"), 200
        if span and not cut:
            first, _, last = span.removeprefix("bytes=").partition("-")
            end = min(int(last) if last else len(content) - 1, len(content) - 1)
            headers["Content-Range"] = f"bytes {first}-{end}/{len(content)}"
            content, status = content[int(first) : end + 1], 206
        self.answer(content, headers, status, cut=cut)

    def fail(self, status: int, code: str, commit: str | None = None) -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": "made to fail"}
        self.answer(b'{"error": "made to fail"}', headers | ({"X-Repo-Commit": commit} if commit else {}), status)

    def answer(
        self, body: bytes, headers: Mapping[str, str] | None = None, status: int = 200, *, cut: bool = False
    ) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut and self.command != "HEAD":
            self.wfile.flush()
            self.close_connection = True

    def log_message(self, *arguments: Any) -> None:
        pass


def _entry(path: str, content: bytes | None) -> dict[str, Any]:
    if content is None:
        return {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}
    return {"type": "file", "path": path, "oid": hashlib.sha1(content).hexdigest(), "size": len(content)}
