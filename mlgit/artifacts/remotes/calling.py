"""Calling a file system of either kind with an end to every wait, many questions at once."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any, TypeVar

from mlgit.artifacts.remotes.place import ANSWER_SECONDS, Head

AT_ONCE = 32  # questions on their way to one asynchronous place

Answer = TypeVar("Answer")


def call(fs: Any, method: str, *values: object) -> Any:
    """The answer of one method; `info` becomes `_info` where the file system is asynchronous."""
    if not fs.async_impl:
        return getattr(fs, method)(*values)
    return wait(fs, getattr(fs, f"_{method}")(*values))


def wait(fs: Any, answer: Awaitable[Answer], seconds: float = ANSWER_SECONDS) -> Answer:
    """The answer, given in the file system's own thread; cancelled when it takes longer."""
    from fsspec.asyn import sync

    async def awaited() -> Answer:
        return await answer

    found: Answer = sync(fs.loop, awaited, timeout=seconds)
    return found


def together(fs: Any, questions: Sequence[Coroutine[Any, Any, Answer]]) -> list[Answer]:
    """All the answers in the order of the questions; the first failure is raised."""
    import asyncio

    async def asked() -> list[Answer]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(question: Coroutine[Any, Any, Answer]) -> Answer:
            async with gate:
                return await asyncio.wait_for(question, ANSWER_SECONDS)

        tasks = [asyncio.ensure_future(one(question)) for question in questions]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    rounds = 1 + len(questions) // AT_ONCE
    return wait(fs, asked(), ANSWER_SECONDS * rounds)


def head_of(info: dict[str, Any]) -> Head:
    """What `info` or `find` say of a file, whatever the place calls the time of it.

    Raises:
        FileNotFoundError: It is a folder.
    """
    if info.get("type") == "directory":
        raise FileNotFoundError(info.get("name", ""))
    names = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")
    return Head(
        int(info["size"] or 0), next(map(_seconds, filter(None, map(info.get, names))), 0.0)
    )


def _seconds(moment: Any) -> float:
    from datetime import datetime

    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    return float(moment.timestamp() if isinstance(moment, datetime) else moment)
