"""git's own server for smart HTTP, behind a small web server on loopback that can misbehave."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.support.loopback import LONGEST, Handler, on_loopback


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
    with on_loopback(GitHandler, web=web) as web.url:
        yield web


class GitHandler(Handler):
    """Gives what clients of git ask for to git."""

    web: Web

    def get(self) -> None:
        """Answer with git's refs."""
        self._serve()

    def post(self) -> None:
        """Answer with objects, or take some."""
        coded = self.headers.get("Content-Encoding", "plain")
        self.web.seen.append(f"{'chunked ' if self.is_chunked else ''}{coded}")
        self._serve()

    def _serve(self) -> None:
        body = self.body()
        if not self.web.knows(self):
            self._give(401, [("WWW-Authenticate", 'Basic realm="git"')], b"who are you?\n")
        elif self.web.status and self.command == "POST":
            self._give(self.web.status, [("Content-Type", "text/plain")], b"not today\n")
        else:
            self._give(*_cgi(self.web.environment(self, len(body)), body))

    def _give(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        if self.web.chunked:
            headers = [*headers, ("Transfer-Encoding", "chunked")]
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in _parts(body))
        self.reply(status, headers, body)


def _parts(body: bytes) -> list[bytes]:
    """The body in pieces, with the empty one that ends it."""
    return [*(body[start : start + 1000] for start in range(0, len(body), 1000)), b""]


def _cgi(environment: dict[str, str], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    argv = ["git", "http-backend"]
    done = subprocess.run(
        argv, input=body, env=environment, capture_output=True, timeout=LONGEST, check=False
    )
    head, _, said = done.stdout.partition(b"\r\n\r\n")
    lines = (line.decode().partition(": ") for line in head.split(b"\r\n") if line)
    headers = [(name, value) for name, _, value in lines]
    status = next((int(value[:3]) for name, value in headers if name == "Status"), 200)
    if not head:
        status = 500
    return status, [pair for pair in headers if pair[0] != "Status"], said
