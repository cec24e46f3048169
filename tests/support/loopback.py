"""What the web servers of the tests have in common: quiet, on a free port of loopback, HTTP/1.1."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONGEST = 60.0  # seconds of one request


class Handler(BaseHTTPRequestHandler):
    """Reads requests with a length or in chunks, and answers them whole or cut."""

    protocol_version = "HTTP/1.1"
    timeout = LONGEST
    disable_nagle_algorithm = True  # or each answer waits 40 ms for the client's acknowledgement

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""

    def do_GET(self) -> None:
        """Subclasses say what."""
        self.get()

    def do_POST(self) -> None:
        """Subclasses say what."""
        self.post()

    def do_PUT(self) -> None:
        """Subclasses say what."""
        self.put()

    def get(self) -> None:
        """Answer a GET."""
        self.reply(405, [], b"")

    def post(self) -> None:
        """Answer a POST."""
        self.reply(405, [], b"")

    def put(self) -> None:
        """Answer a PUT."""
        self.reply(405, [], b"")

    @property
    def is_chunked(self) -> bool:
        """Whether the request comes without a length."""
        return self.headers.get("Transfer-Encoding", "") == "chunked"

    def body(self) -> bytes:
        """All of the request."""
        if self.is_chunked:
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def reply(
        self, status: int, headers: Sequence[tuple[str, str]], data: bytes, cut: int = -1
    ) -> None:
        """Answer; after `cut` bytes of `data` the line is cut, unless it is -1."""
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        if "Transfer-Encoding" not in dict(headers):
            self.send_header("Content-Length", str(len(data)))
        try:
            self.end_headers()
            self.wfile.write(data if cut < 0 else data[:cut])
        except OSError:  # nobody waits for it any more
            self.close_connection = True
        if cut >= 0:
            self.close_connection = True

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().strip() or b"0", 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()


@contextmanager
def on_loopback(handler: type[Handler], **shared: object) -> Iterator[str]:
    """Serve until the end of the block, with `shared` on each handler; the address, no `/`."""
    own = type("Own", (handler,), shared)
    with _Server(("127.0.0.1", 0), own) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are gone are no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)
