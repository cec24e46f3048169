"""What the commands of one process share: their streams, and the store once it was opened."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlgit.cli.output import Output, output_for
from mlgit.errors import InvalidState, MlgitError, NotFound

if TYPE_CHECKING:
    from mlgit.cli.comparison import Facts
    from mlgit.published import PublishedRun
    from mlgit.records.experiment import Experiment
    from mlgit.runs.live import ActiveRun
    from mlgit.runs.live_view import LiveView
    from mlgit.runs.recover import Recovered
    from mlgit.runs.run_view import RunView
    from mlgit.search.index import Index
    from mlgit.search.lookup import Found
    from mlgit.search.match import Subject
    from mlgit.store.store import Store


class Session:
    """One run of the program.

    Attributes:
        output: Its streams.
        place: The folder of `-C`; None where the environment or the current folder decides.
        debug: Show the traceback of every failure.
        recovered: Runs of programs that died, published when the store was opened.
    """

    def __init__(self, output: Output | None = None, place: Path | None = None) -> None:
        self.output = output or output_for()
        self.place = place
        self.debug = False
        self.recovered: Sequence[Recovered] = ()
        self._read_from = ""  # the ref that was there when the store was opened

    def speak(self, option: str, value: str | bool) -> None:
        """Obey one of the options `--color`, `--quiet`, `--verbose`, `--debug`."""
        if option == "debug":
            self.debug = bool(value)
        elif option == "color":
            self.output = self.output.coloured(str(value))
        elif option == "quiet":
            self.output = self.output._replace(quiet=bool(value))
        else:
            self.output = self.output._replace(verbose=bool(value))

    @cached_property
    def store(self) -> Store:
        """The store, opened on first use.

        Raises:
            NotARepository, NoStore, Damaged, Unsupported: There is none that can be used.
        """
        from mlgit.store.store import Store
        from mlgit.where import from_environment

        store = Store.open(self.place or from_environment())
        self._read_from = store.snapshot().ref
        if not os.environ.get("MLGIT_SPOOL"):  # a node that may not write here publishes nothing
            self._tidy(store)
        if self.output.verbose:
            where, commit = store.repository.git_dir, store.snapshot().commit.decode()
            self.output.note(f"store: {where}, branch {store.branch.name}, commit {commit}")
        return store

    def _tidy(self, store: Store) -> None:
        """Publish what died since the last command, and look after what was published.

        Where there is nothing to do it costs two listings of a folder.
        """
        from mlgit.times import now_ms

        if _listed(store.data / "live"):
            from mlgit.runs.recover import recover

            self.recovered = recover(store)
            for one in self.recovered:
                if one.problem is None:
                    self.output.note(f"recovered run {one.run_id} of a program that died")
        hour = now_ms() // 3_600_000
        if any(
            name.isdigit() and int(name) + 1 < hour for name in _listed(store.data / "published")
        ):
            from mlgit.runs.heal import heal

            for healed in heal(store):
                self.output.note(f"published run {healed.run_id} again: its objects were gone")

    @cached_property
    def recorder(self) -> Store:
        """The store that runs are recorded for; where a spool is in use, one that only reads.

        Raises:
            As `store`; StorageFailed: The spool cannot be used.
        """
        from mlgit.runs.spool.folder import has_locks, named_spool, open_to_record
        from mlgit.where import from_environment

        if named_spool() is None and has_locks(self.store):
            return self.store
        return open_to_record(self.place or from_environment())

    @cached_property
    def index(self) -> Index:
        """The search index, brought up to date by every question."""
        from mlgit.cli.progress import working
        from mlgit.search.index import Index

        index = Index(self.store)
        with working(self.output, "reading what is new on the branch"):
            index.refresh()
        return index

    def live(self) -> list[Subject]:
        """The runs that programs of this machine are logging to now."""
        if not _listed(self.store.data / "live"):
            return []
        from mlgit.search.match import Subject

        names = {one.id: one.name for one in self.index.experiments()}
        return [
            Subject(run, names.get(run.experiment_id) or self._experiment_of(run.id))
            for run in self.view.runs()
        ]

    def _experiment_of(self, run_id: str) -> str:
        """Name of the experiment of a live run, which may not be on the branch yet."""
        seen = self.view.of_run(run_id)
        return seen.experiment.name if seen else ""

    @cached_property
    def view(self) -> LiveView:
        """The runs that programs of this machine are logging to."""
        from mlgit.runs.live_view import LiveView

        return LiveView(self.store)

    def find(self, reference: str) -> Found:
        """The run that an id, the first letters of one, a name, @last, @{2} or @best:METRIC means.

        Raises:
            NotFound, Ambiguous, InvalidValue: It means no run, or several.
        """
        from mlgit.search.resolve import resolve_run, split_reference

        try:
            return resolve_run(self.index, reference, self.live())
        except NotFound:
            from mlgit.store.past import refuse_purged

            refuse_purged(self.store.snapshot(), split_reference(reference)[0])
            raise

    def seen(self, found: Found) -> RunView | PublishedRun:
        """A run with all that the branch, or the journals of this machine, say of it.

        Raises:
            NotFound: It is gone meanwhile.
        """
        if found.folder:
            from mlgit.published import PublishedRun

            return PublishedRun(self.store, found.folder, found.run)
        live = self.view.of_run(found.run.id)
        if live is None:
            raise NotFound(f"no run {found.run.id!r}.", hint="mlgit runs")
        return live

    def published(self, reference: str) -> Found:
        """As `find`, a run that nobody logs to any more: one that can be edited on the branch.

        Raises:
            InvalidState: Somebody does.
        """
        found = self.find(reference)
        if found.folder:
            return found
        raise InvalidState(
            f"run {found.run.name} is still being logged to on this machine.",
            hint="wait until its program has ended; `mlgit tag` and `mlgit note` work already",
        )

    @contextmanager
    def logging_to(self, found: Found) -> Iterator[ActiveRun]:
        """A handle to log to a run under way with; the program that began it publishes it.

        Raises:
            StorageFailed: The disk refused.
        """
        from mlgit.runs import begin

        live = begin.visit(self.store, found.run.id, begin.RunRequest(strict=True))
        try:
            yield live
        finally:
            live.finish(None)

    def experiment(self, name: str) -> Experiment:
        """The experiment of that name or id, a live one where there is one.

        Raises:
            NotFound: There is none.
        """
        known = self.index.experiments()
        named = [one for one in known if name in (one.name, one.id)]
        live = [one for one in named if one.lifecycle == "active"]
        if not named:
            raise NotFound(
                f"no experiment {name!r}.",
                hint="mlgit experiments",
                candidates=near(name, (one.name for one in known)),
            )
        return (live or named)[0]

    def facts(self, found: Found) -> Facts:
        """A run with what stands beside its record."""
        from mlgit.cli.comparison import Facts, packages_of

        seen, snapshot = self.seen(found), self.store.snapshot()
        return Facts(
            run=seen.run,
            experiment=found.experiment,
            packages=packages_of(snapshot.environment(seen.folder)),
            datasets=seen.inputs.datasets,
            patch=snapshot.patch(seen.folder) or b"",
            artifacts=seen.manifest,
        )

    def close(self) -> None:
        """Let go of what was opened."""
        if "store" not in self.__dict__:
            return
        if self._read_from.startswith("refs/remotes/"):
            local = self.store.branch.readable()
            if local is not None and local[1] != self._read_from:
                origin = self._read_from.removeprefix("refs/remotes/")
                self.output.note(f"created the local branch {self.store.branch.name} from {origin}")
        self.store.close()

    def cache_folder(self) -> Path | None:
        """Where reports of bugs go; None outside a repository with a store."""
        try:
            return self.store.cache
        except (MlgitError, OSError):
            return None


def _listed(folder: Path) -> list[str]:
    """Names in a folder: what is behind them takes imports that most commands can do without."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - names, not paths
    except OSError:
        return []


pass_session = click.make_pass_decorator(Session)


def near(name: str, known: Iterable[str]) -> list[str]:
    """The names that `name` may have meant, nearest first."""
    from difflib import get_close_matches

    return get_close_matches(name, list(known), n=3)
