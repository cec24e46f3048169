"""A line between a client and a server on loopback, on which a test makes faults.

with line(server.port) as faulty:
    faulty.after(UP, 512, Fault.CUT)   # once; all is well again afterwards
    …                                  # by way of faulty.port
    faulty.count[UP]                   # bytes that went through since
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum

UP, DOWN = 0, 1  # from the client to the server, and back
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset


class Fault(Enum):
    """What happens to a connection after the last byte that goes through."""

    CUT = "both sides see its end"
    RESET = "both sides see an error"
    HANG = "it stays, and nothing goes through any more, in both directions"
    DROP = "what would follow in this direction is lost, until the other side ends"


class _Connection:
    """A client's connection and ours to the server on its behalf."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.ends = (client, server)
        self.muted: set[int] = set()  # directions in which nothing goes through any more
        self._passing = 2
        self._lock = threading.Lock()

    def make(self, fault: Fault, direction: int) -> None:
        """Let the fault come, `direction` being where its byte was counted."""
        if fault is Fault.CUT:
            self.stop(socket.SHUT_RDWR)
        elif fault is Fault.RESET:
            self.muted |= {UP, DOWN}
            for end in self.ends:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.stop(socket.SHUT_RD)
        else:
            self.muted |= {direction} if fault is Fault.DROP else {UP, DOWN}

    def stop(self, how: int) -> None:
        """Wake up whoever reads from either end."""
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(how)

    def leave(self) -> None:
        """One direction is done; the last one closes both ends."""
        with self._lock:
            self._passing -= 1
            if not self._passing:
                for end in self.ends:
                    end.close()


class Line:
    """Passes connections on to a server.

    Attributes:
        port: Where clients connect to.
        count: Bytes that went up and down since the last `after`, over all connections.
        hit: Whether the fault came.
    """

    def __init__(self, target: int, listener: socket.socket) -> None:
        self._target, self._listener = target, listener
        self.port: int = listener.getsockname()[1]
        self._lock = threading.Lock()
        self._connections: list[_Connection] = []
        self.after(UP, None)

    def after(
        self,
        direction: int,
        byte: int | None,
        fault: Fault = Fault.CUT,
        *,
        for_good: bool = False,
    ) -> None:
        """Let `byte` bytes go through in a direction from now on, then make the fault, once.

        With `for_good` no connection can be made any more after it.
        """
        with self._lock:
            self._direction, self._byte, self._fault = direction, byte, fault
            self._for_good = for_good
            self.count, self.hit = [0, 0], False

    def serve(self) -> None:
        """Pass on what comes until `close`."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.hit and self._for_good:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                made = _Connection(client, server)
                self._connections.append(made)
                for direction in (UP, DOWN):
                    arguments = (made, direction)
                    threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def close(self) -> None:
        """End the line and all its connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for connection in self._connections:
            connection.stop(socket.SHUT_RDWR)

    def _pass_on(self, connection: _Connection, direction: int) -> None:
        source, sink = connection.ends[direction], connection.ends[1 - direction]
        try:
            while data := source.recv(65536):
                if direction not in connection.muted:
                    good, fault = self._taken(direction, len(data))
                    sink.sendall(data[:good])
                    if fault is not None:
                        connection.make(fault, direction)
            if connection.muted != {UP, DOWN}:
                sink.shutdown(socket.SHUT_WR)
            else:
                connection.stop(socket.SHUT_RD)
        except OSError:  # one side is gone: the other learns of it
            connection.stop(socket.SHUT_RDWR)
        finally:
            connection.leave()

    def _taken(self, direction: int, size: int) -> tuple[int, Fault | None]:
        """How many of the bytes may go on, and what happens after them."""
        with self._lock:
            left = size
            if direction == self._direction and self._byte is not None and not self.hit:
                left = min(size, self._byte - self.count[direction])
                self.hit = left < size
            self.count[direction] += left
            return left, self._fault if left < size else None


@contextmanager
def line(target: int) -> Iterator[Line]:
    """A line to a port of this machine, until the end of the block."""
    with socket.create_server(("127.0.0.1", 0), backlog=32) as listener:
        made = Line(target, listener)
        thread = threading.Thread(target=made.serve, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            made.close()
            thread.join()
