"""The protocol of a source, and the values that it hands out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mlgit.records.fields import NOTHING
from mlgit.records.inputs import Inputs

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment
    from mlgit.records.logged_model import LoggedModel
    from mlgit.records.metrics import Point
    from mlgit.records.model_version import ModelVersion
    from mlgit.records.registered_model import RegisteredModel
    from mlgit.records.run import Run

#: Whether a run or logged model of that id is to be read: most of it costs only then.
Wanted = Callable[[str], bool]


class Loss(NamedTuple):
    """Something that could not be carried as it is: of what, and why."""

    what: str
    reason: str


class Files(NamedTuple):
    """Where artifacts are.

    Attributes:
        folder: A folder, all files below which are artifacts.
        named: Single files by their artifact path.
        texts: What was no file there, by its artifact path.
        uri: An address that `Source.fetch` copies from.
    """

    folder: Path | None = None
    named: Mapping[str, Path] = NOTHING
    texts: Mapping[str, bytes] = NOTHING
    uri: str = ""


class FoundRun(NamedTuple):
    """One run of a source.

    Attributes:
        run: The run; its experiment is the source's. Metrics are left empty, tags are all in
            `tags`, reserved ones, too.
        tags: Its tags as they stand there.
        points: Every metric point.
        inputs: Datasets and models.
        files: Its artifacts.
    """

    run: Run
    tags: Mapping[str, str] = NOTHING
    points: Sequence[Point] = ()
    inputs: Inputs = Inputs()
    files: Files = Files()


class FoundModel(NamedTuple):
    """One logged model of a source; its experiment is the source's."""

    model: LoggedModel
    files: Files = Files()


class FoundVersion(NamedTuple):
    """One version of a registered model, and its stage there."""

    version: ModelVersion
    stage: str = "None"


class FoundRegistered(NamedTuple):
    """One registered model with its versions, by number, and aliases, name to number."""

    model: RegisteredModel
    versions: Sequence[FoundVersion] = ()
    aliases: Mapping[str, int] = NOTHING


class Source(Protocol):
    """Something that runs can be read from; nothing is changed in it.

    Attributes:
        title: What it is, for people.
        lost: What could not be read as it is there, so far.
    """

    title: str
    lost: list[Loss]

    def lose(self, what: str, reason: str) -> None:
        """Say that something is not carried as it is."""

    def experiments(self) -> Iterable[Experiment]:
        """All of them, deleted ones, too; `folder` is left empty.

        An id that is no whole number is only how runs name their experiment.
        """

    def runs(self, wanted: Wanted) -> Iterator[FoundRun]:
        """The runs that are wanted, one by one."""

    def models(self, wanted: Wanted) -> Iterator[FoundModel]:
        """The logged models that are wanted."""

    def registered(self) -> Iterator[FoundRegistered]:
        """The registered models; `folder` is left empty."""

    def fetch(self, uri: str, into: Path) -> Path:
        """Copy the artifacts at an address below `into`; the folder that they are in now.

        Raises:
            MlgitError, OSError: They cannot be copied.
        """


@dataclass
class RunSource:
    """A source that holds nothing but runs, each named by its experiment.

    Attributes:
        title: What it is, for people.
        lost: What could not be read as it is there, so far.
    """

    title: str
    lost: list[Loss] = field(default_factory=list)
    _said: set[tuple[str, str]] = field(default_factory=set)

    def models(self, wanted: Wanted) -> Iterator[FoundModel]:  # noqa: ARG002 - of the protocol
        """None."""
        return iter(())

    def registered(self) -> Iterator[FoundRegistered]:
        """None."""
        return iter(())

    def fetch(self, uri: str, into: Path) -> Path:
        """Copy what is at a URL of fsspec.

        Raises:
            ImportError, OSError, ValueError: It cannot be copied.
        """
        import fsspec

        system, path = fsspec.core.url_to_fs(uri)
        system.get(path.rstrip("/") + "/", str(into), recursive=True)
        return into

    def lose(self, what: str, reason: str) -> None:
        """Say that something is not carried as it is; once is enough."""
        if (what, reason) not in self._said:
            self._said.add((what, reason))
            self.lost.append(Loss(what, reason))
