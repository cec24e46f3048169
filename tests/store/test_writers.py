"""Many writers on one store: threads, processes, publishers beside editors; nothing is lost."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from mlgit.store.store import Store
from tests.store.records import a_run, published


def publish_some(repo: Path, writer: int) -> list[str]:
    with Store.open(repo) as store:
        return [published(store, a_run(f"{writer:08x}{n:08x}")) for n in range(6)]


def edit_some(repo: Path, folder: str, writer: int) -> None:
    with Store.open(repo) as store:
        for number in range(4):
            key = f"w{writer}-{number}"

            def tag(run: object, key: str = key) -> object:
                return run.with_tag(key, "1")  # type: ignore[attr-defined]

            store.edit_run(folder, tag, f"tag: {key}=1")  # type: ignore[arg-type]


def threads() -> Executor:
    return ThreadPoolExecutor(4)


def processes() -> Executor:
    return ProcessPoolExecutor(4, multiprocessing.get_context("spawn"))


@pytest.mark.parametrize("executor", [threads, processes])
def test_every_run_and_every_edit_of_many_writers_is_kept(
    repo: Path, store: Store, executor: Callable[[], Executor]
) -> None:
    folder = published(store)
    with executor() as pool:
        runs = [pool.submit(publish_some, repo, writer) for writer in range(2)]
        edits = [pool.submit(edit_some, repo, folder, writer) for writer in range(2)]
        made = {path for future in runs for path in future.result()}
        for future in edits:
            future.result()
    snapshot = store.snapshot()
    assert set(snapshot.run_folders()) == made | {folder}
    assert len(snapshot.run(folder).tags) == 8


def test_one_open_store_serves_many_threads(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(lambda n: published(store, a_run(f"{n:016x}")), range(12)))
    assert set(store.snapshot().run_folders()) == made
