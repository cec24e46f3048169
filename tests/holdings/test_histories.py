"""A metric history that was too long for git is read from the remote that alone still has it."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import mlgit
from mlgit import shared
from mlgit.api import context
from mlgit.filesystem import MlgitFileSystem
from mlgit.holdings.read import sources_of
from mlgit.holdings.remotes import add_remote
from mlgit.holdings.trust import untrust
from mlgit.published import PublishedRun
from mlgit.records import layout
from mlgit.records.metrics import decode_points
from mlgit.records.settings import Limits, dump_settings
from mlgit.runs import begin
from mlgit.runs.begin import RunRequest
from mlgit.search.points import points_frame
from mlgit.sharing.remotes import transport_of
from mlgit.store.store import Store
from tests.cli.harness import mlgit as command

NAME, STEPS = "brisk-otter-12", range(3_000)

Read = Callable[[Store], list[int]]
New = Callable[[str], Store]


@pytest.fixture
def colleague(clone: New, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A clone of a store whose one run has 3,000 points, where git takes 10 kB."""
    one = clone("one")
    with one.change("limits") as change:
        settings = change.snapshot.settings()._replace(limits=Limits(metrics=10_000))
        change.put(layout.SETTINGS, dump_settings(settings))
    run = begin.start(one, "churn", RunRequest(name=NAME))
    for step in STEPS:
        run.log_metric("loss", 1 / (step + 1), step)
    run.finish()
    add_remote(one, "main", str(shelf))
    shared.push(one, transport_of(one))
    two = clone("two")
    monkeypatch.chdir(two.repository.git_dir.parent)
    context.forget()
    return two


def by_client(store: Store) -> list[int]:
    run_id = next(iter(store.snapshot().run_folders())).rpartition("-")[2]
    client = mlgit.MlgitClient()
    found = client.search_runs([each.experiment_id for each in client.search_experiments()])
    assert found[0].info.run_id.startswith(run_id[:4])
    return [each.step for each in client.get_metric_history(found[0].info.run_id, "loss")]


def by_id_before_any_search(store: Store) -> list[int]:
    folder = next(iter(store.snapshot().run_folders()))
    run_id = store.snapshot().run(folder).id
    return [each.step for each in mlgit.MlgitClient().get_metric_history(run_id, "loss")]


def by_frame(store: Store) -> list[int]:
    folder = next(iter(store.snapshot().run_folders()))
    sources = sources_of(store, PublishedRun(store, folder))
    steps: list[int] = points_frame(store.snapshot(), folder, sources)["step"].tolist()
    return steps


READERS = [by_client, by_id_before_any_search, by_frame]


@pytest.mark.parametrize("read", READERS)
def test_it_is_fetched_whole_once(colleague: Store, shelf: Path, read: Read) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(colleague) == list(STEPS)
        shutil.rmtree(shelf)
        context.forget()
        assert read(colleague) == list(STEPS)


def untrusted(shelf: Path) -> str:
    untrust(str(shelf))
    return "not trusted here: main; mlgit remote trust main"


def away(shelf: Path) -> str:
    shelf.rename(shelf.with_name("unmounted"))
    return str(shelf)


OBSTACLES = [untrusted, away]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("stop", OBSTACLES)
def test_where_it_cannot_be_the_sample_comes_with_one_line(
    colleague: Store, shelf: Path, read: Read, stop: Callable[[Path], str]
) -> None:
    reason = stop(shelf)
    with pytest.warns(UserWarning, match="down-sampled") as said:
        steps = read(colleague)
    assert 1_000 < len(steps) <= 2_000
    assert [steps[0], steps[-1]] == [0, 2_999]
    (line,) = [str(each.message) for each in said]
    assert "down-sampled history of 3,000 points" in line
    assert reason in line
    assert "\n" not in line


@pytest.mark.usefixtures("colleague")
def test_the_command_line_draws_and_prints_all_of_it() -> None:
    printed = command("plot", "loss", NAME, "--csv")
    assert (printed.code, printed.stderr) == (0, "")
    assert printed.stdout.count("\n") == 1 + len(STEPS)
    assert "down-sampled: 3,000 points kept as artifact" in command("show", NAME, "--table").stdout


@pytest.mark.usefixtures("colleague")
@pytest.mark.parametrize("stop", OBSTACLES)
def test_the_command_line_draws_the_sample_and_says_so_once(
    shelf: Path, stop: Callable[[Path], str]
) -> None:
    reason = stop(shelf)
    printed = command("plot", "loss", NAME, "--csv")
    assert printed.code == 0
    assert 1_000 < printed.stdout.count("\n") < 2_100
    assert printed.stderr.count("down-sampled") == 1
    assert reason in printed.stderr


def test_it_is_a_file_among_the_artifacts(colleague: Store) -> None:
    files = MlgitFileSystem(store=str(colleague.repository.git_dir.parent))
    (name,) = files.ls(f"mlgit://{NAME}", detail=False)
    assert name.startswith(f"{NAME}/metric-history-")
    points = decode_points(files.cat_file(f"mlgit://{name}"))
    assert [point.step for point in points] == list(STEPS)
    printed = command("artifact", "cat", NAME, name.partition("/")[2])
    assert printed.stdout.count("\n") == 1 + len(STEPS)
