"""A web server on loopback: a folder's files, or one and the same answer to whatever is asked.

with mirror(folder) as web:
    web.url
    web.always = Answer(503)    # from the next request on
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from tests.support.loopback import Handler, on_loopback


class Answer(NamedTuple):
    """What a server says."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    data: bytes = b""


@dataclass
class Mirror:
    """A web server; what a test sets on it holds from the next request on.

    Attributes:
        url: Where it is, without a slash at the end.
        ranges: Whether it gives parts of files.
        gzip: `never`, `asked` (of clients that take it) or `always`.
        cut: After so many bytes of a file the line is cut, unless it is -1.
        always: What it answers to all, instead of files.
        seen: The method and path of each request.
    """

    root: Path
    url: str = ""
    ranges: bool = True
    gzip: str = "never"
    cut: int = -1
    always: Answer | None = None
    seen: list[str] = field(default_factory=list)


@contextmanager
def mirror(root: Path) -> Iterator[Mirror]:
    """Serve the files in `root` on a free port until the end of the block."""
    web = Mirror(root)
    with on_loopback(_Handler, web=web) as web.url:
        yield web


class _Handler(Handler):
    web: Mirror

    def do_HEAD(self) -> None:  # noqa: N802 - as http.server calls it
        """What a GET would say, without the bytes."""
        self._answer(body=False)

    def do_DELETE(self) -> None:  # noqa: N802 - as http.server calls it
        """Only the answer to all."""
        self._answer()

    def get(self) -> None:
        """A file."""
        self._answer()

    def post(self) -> None:
        """Only the answer to all."""
        self._answer()

    def put(self) -> None:
        """Only the answer to all."""
        self._answer()

    def _answer(self, *, body: bool = True) -> None:
        self.web.seen.append(f"{self.command} {self.path}")
        self.body()
        status, headers, data = self.web.always or self._file()
        if not body:
            headers = [*headers, ("Content-Length", str(len(data)))]
            self.send_response(status)
            for name, text in headers:
                self.send_header(name, text)
            self.end_headers()
        else:
            self.reply(status, headers, data, self.web.cut)

    def _file(self) -> Answer:
        path = self.web.root / unquote(self.path).lstrip("/")
        if self.command not in ("GET", "HEAD"):
            return Answer(405)
        if not path.is_file():
            return Answer(404)
        data = path.read_bytes()
        takes = "gzip" in self.headers.get("Accept-Encoding", "")
        if self.web.gzip == "always" or (self.web.gzip == "asked" and takes):
            return Answer(200, [("Content-Encoding", "gzip")], gzip.compress(data))
        asked = self.headers.get("Range", "")
        return _part(data, asked) if asked and self.web.ranges else Answer(200, (), data)


def _part(data: bytes, asked: str) -> Answer:
    first, _, last = asked.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or len(data)) + 1, len(data))
    if start >= len(data):
        return Answer(416, [("Content-Range", f"bytes */{len(data)}")])
    said = f"bytes {start}-{end - 1}/{len(data)}"
    return Answer(206, [("Content-Range", said)], data[start:end])
