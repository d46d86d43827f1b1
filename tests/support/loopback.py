"""An OpenAI-compatible server on loopback, for tests; standard library only."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server:
    """An OpenAI-compatible server on loopback whose answers a test decides.

    Attributes:
        reply: from the last user message to the answer; an `int` instead is an HTTP status to fail with.
        requests: the body of every request, in order.
        token_logprob: from a token of a prompt sent to `/completions` and the text before it to its log-probability;
            None: the server gives none.
        fault: from the number of a request, from 0, to what befalls it: a status such as 429 or 500, `"half"` for a
            body that breaks off, `"hang"` for no answer until the server closes; None for nothing.
    """

    def __init__(self) -> None:
        self.reply: Callable[[str], str | int] = lambda prompt: "A"
        self.requests: list[dict[str, Any]] = []
        self.fault: Callable[[int], int | str | None] = lambda number: None
        self.finish_reason = "stop"
        self._closed = threading.Event()
        self.token_logprob: Callable[[str, str], float] | None = lambda token, before: -1.0
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append(body)
                fault = server.fault(len(server.requests) - 1)
                if fault == "hang":
                    server._closed.wait(60)
                    return
                if isinstance(fault, int):
                    self._send(fault, {"error": {"message": "made to fail", "type": "server_error"}})
                    return
                if "prompt" in body:
                    self._send(200, server._completion(body))
                    return
                answer = server.reply(body["messages"][-1]["content"])
                if isinstance(answer, int):
                    self._send(answer, {"error": {"message": "made to fail", "type": "server_error"}})
                    return
                self._send(
                    200,
                    {
                        "id": "r",
                        "object": "chat.completion",
                        "created": 0,
                        "model": body["model"],
                        "choices": [
                            {
                                "index": 0,
                                "message": {"role": "assistant", "content": answer},
                                "finish_reason": server.finish_reason,
                            }
                        ],
                        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
                    },
                    half=fault == "half",
                )

            def _send(self, status: int, value: dict[str, Any], *, half: bool = False) -> None:
                data = json.dumps(value).encode()
                data = data[: len(data) // 2] if half else data
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def _completion(self, body: dict[str, Any]) -> dict[str, Any]:
        """One token after the prompt, and what vLLM tells of the prompt's own tokens: words with the blanks before."""
        tokens = re.findall(r"\s*\S+", body["prompt"])
        told: list[Any] = [None]
        for index, token in enumerate(tokens[1:], 1):
            if self.token_logprob is not None:
                value = self.token_logprob(token, "".join(tokens[:index]))
                told.append({str(index): {"logprob": value, "rank": 1, "decoded_token": token}})
        choice = {"index": 0, "text": " x", "finish_reason": "length", "logprobs": None, "prompt_logprobs": told}
        usage = {"prompt_tokens": len(tokens), "completion_tokens": 1, "total_tokens": len(tokens) + 1}
        return {
            "id": "r", "object": "text_completion", "created": 0, "model": body["model"], "choices": [choice],
            "usage": usage,
        }  # fmt: skip

    def close(self) -> None:
        """Stop listening, and be forgotten: Inspect keeps models by name, and would ask this server for ever."""
        self._closed.set()
        self._http.shutdown()
        self._http.server_close()
        if (models := sys.modules.get("inspect_ai.model._model")) is not None:
            models._models.clear()
