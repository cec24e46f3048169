"""git's own server for smart HTTP, behind a small web server on loopback that can misbehave."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path

_LONGEST = 60.0  # seconds of one request


@dataclass
class Web:
    """A web server; what a test sets on it holds from the next request on.

    Attributes:
        url: Where it is, without a slash at the end.
        login: The `user:password` that it asks for; nobody is asked when empty.
        writable: Whether it takes pushes.
        status: What it answers to every POST instead of git's answer, when not 0.
        chunked: Whether its answers come in chunks, without a length.
        seen: What each POST looked like: `chunked`, `gzip` or `plain`, as words.
    """

    root: Path
    url: str = ""
    login: str = ""
    writable: bool = True
    status: int = 0
    chunked: bool = False
    seen: list[str] = field(default_factory=list)

    def environment(self, request: BaseHTTPRequestHandler, length: int) -> dict[str, str]:
        """The variables by which CGI tells a program about a request.

        `length` is how much of the body came: where it is less than was announced, git 2.39
        would wait for the rest for ever, at full speed.
        """
        path, _, query = request.path.partition("?")
        given = {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": request.command,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "CONTENT_LENGTH": str(length),
            "REMOTE_ADDR": "127.0.0.1",
        }
        if self.writable:  # git takes pushes from whom the web server knows
            given["REMOTE_USER"] = self.login.partition(":")[0] or "somebody"
        return {**os.environ, **given}

    def knows(self, request: BaseHTTPRequestHandler) -> bool:
        """Whether the request may be answered."""
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        return not self.login or given == base64.b64encode(self.login.encode()).decode()


@contextmanager
def web_server(root: Path) -> Iterator[Web]:
    """Serve the repositories in `root` on a free port until the end of the block."""
    web = Web(root)
    handler = type("Handler", (_Handler,), {"web": web})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        web.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield web
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _LONGEST
    web: Web

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""

    def do_GET(self) -> None:
        """Answer with git's refs."""
        self._answer()

    def do_POST(self) -> None:
        """Answer with objects, or take some."""
        self._answer()

    def _answer(self) -> None:
        body = self._body()
        if not self.web.knows(self):
            self._send(401, [("WWW-Authenticate", 'Basic realm="git"')], b"who are you?\n")
        elif self.web.status and self.command == "POST":
            self._send(self.web.status, [("Content-Type", "text/plain")], b"not today\n")
        else:
            self._send(*_cgi(self.web.environment(self, len(body)), body))

    def _body(self) -> bytes:
        chunked = self.headers.get("Transfer-Encoding", "") == "chunked"
        if self.command == "POST":
            coded = self.headers.get("Content-Encoding", "plain")
            self.web.seen.append(f"{'chunked ' if chunked else ''}{coded}")
        if chunked:
            return b"".join(_chunks(self.rfile))
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.web.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in _parts(body))
        else:
            self.send_header("Content-Length", str(len(body)))
        try:
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # nobody waits for it any more
            self.close_connection = True


def _chunks(file: BufferedIOBase) -> Iterator[bytes]:
    while size := int(file.readline().strip() or b"0", 16):
        yield file.read(size)
        file.readline()
    file.readline()


def _parts(body: bytes) -> list[bytes]:
    """The body in pieces, with the empty one that ends it."""
    return [*(body[start : start + 1000] for start in range(0, len(body), 1000)), b""]


def _cgi(environment: dict[str, str], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    argv = ["git", "http-backend"]
    done = subprocess.run(
        argv, input=body, env=environment, capture_output=True, timeout=_LONGEST, check=False
    )
    head, _, said = done.stdout.partition(b"\r\n\r\n")
    lines = (line.decode().partition(": ") for line in head.split(b"\r\n") if line)
    headers = [(name, value) for name, _, value in lines]
    status = next((int(value[:3]) for name, value in headers if name == "Status"), 200)
    if not head:
        status = 500
    return status, [pair for pair in headers if pair[0] != "Status"], said
