"""Reading runs in other processes, so that making the index from nothing uses every processor.

A helper is told the places of some runs and answers with their rows. Whatever goes wrong with
one, the same is read in this process instead.
"""

from __future__ import annotations

import gc
import marshal  # between a process and its own child, never from a file
import os
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from mlgit.git.objects import Objects
from mlgit.process import CommandFailed, Partner
from mlgit.search.reading import Place, read_rows
from mlgit.search.rows import Rows

_MOST = 4  # helpers; one process cannot write the rows of more
_AHEAD = 3  # batches that wait for each helper
_LONGEST = 30.0  # seconds after which a helper is taken for one that never answers
_LARGEST = 1 << 31  # bytes of an answer
_CHILD = (
    "import sys; del sys.path[0]; sys.path.append(sys.argv[1]); "
    "from mlgit.search.helpers import main; main()"
)

_Asked = tuple[list[Place], "Future[Rows]"]


def read_with_helpers(objects: Objects, batches: Iterator[list[Place]]) -> Iterator[Rows]:
    """The rows of each batch, in order."""
    with ExitStack() as stack:
        helpers = _started(objects, stack)
        if not helpers:
            yield from (read_rows(objects, batch) for batch in batches)
            return
        idle: SimpleQueue[Partner] = SimpleQueue()
        for helper in helpers:
            idle.put(helper)
        pool = stack.enter_context(ThreadPoolExecutor(len(helpers)))
        stack.callback(_stop, helpers)  # before the threads are waited for
        asked: deque[_Asked] = deque()
        for batch in batches:
            asked.append((batch, pool.submit(_ask, idle, batch)))
            if len(asked) > _AHEAD * len(helpers):
                yield _answer(objects, asked.popleft(), helpers)
        while asked:
            yield _answer(objects, asked.popleft(), helpers)


def _started(objects: Objects, stack: ExitStack) -> list[Partner]:
    """As many helpers as are of use here; none where they cannot be started."""
    processors = _processors()
    if processors == 1 or not sys.executable or getattr(sys, "frozen", False):
        return []
    home = Path(__file__).parents[2]
    place = Path(objects.directory).absolute()
    argv = [sys.executable, "-c", _CHILD, os.fspath(home), os.fspath(place)]
    with suppress(CommandFailed):
        return [stack.enter_context(Partner(argv, cwd=home)) for _ in range(min(_MOST, processors))]
    return []


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ask(idle: SimpleQueue[Partner], batch: list[Place]) -> Rows:
    helper = idle.get()
    try:
        _send(helper.stdin, batch)
        return Rows(*_receive(helper.stdout))
    finally:
        idle.put(helper)


def _answer(objects: Objects, asked: _Asked, helpers: Sequence[Partner]) -> Rows:
    batch, future = asked
    try:
        return future.result(_LONGEST)
    except Exception:
        _stop(helpers)
        return read_rows(objects, batch)


def _stop(helpers: Sequence[Partner]) -> None:
    """End the helpers; whoever waits for one gets an error at once."""
    for helper in helpers:
        helper.kill()


def main() -> None:
    """What a helper does: answer until nobody asks any more."""
    gc.set_threshold(200_000)  # a batch is smaller, and leaves nothing that counting cannot free
    objects = Objects(Path(sys.argv[2]))
    with suppress(EOFError):
        while True:
            found = read_rows(objects, _receive(sys.stdin.buffer))
            _send(sys.stdout.buffer, (*found._replace(values=dict(found.values)),))


def _send(stream: IO[bytes], value: Any) -> None:
    data = marshal.dumps(value)
    stream.write(len(data).to_bytes(8, "little") + data)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    size = int.from_bytes(_exactly(stream, 8), "little")
    if size > _LARGEST:
        raise ValueError("no answer of a helper")
    return marshal.loads(_exactly(stream, size))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
