"""TensorBoard's event files: a run for each folder that holds some."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.bridges.sources.foreign import (
    experiment_named,
    foreign_run,
    milliseconds,
    run_id_of,
    text_of,
)
from mlgit.bridges.sources.source import Files, FoundRun, RunSource, Wanted
from mlgit.errors import InvalidValue, NotFound
from mlgit.records.metrics import Point

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment

_FILES = "*tfevents*"
_HPARAMS = "_hparams_/"


class _Read(NamedTuple):
    """What the event files of one folder say."""

    points: list[Point]
    params: dict[str, str]
    texts: dict[str, bytes]


class TensorBoard(RunSource):
    """A folder of logs, whose name is the experiment's."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"TensorBoard's {root}")
        self._root = root
        self._folders = sorted({path.parent for path in root.rglob(_FILES)})
        if not self._folders:
            raise NotFound(f"{root} has no event file", "mlgit import tensorboard runs/")

    def experiments(self) -> list[Experiment]:
        """One, named as the folder."""
        return [experiment_named(self._name)]

    @property
    def _name(self) -> str:
        return self._root.resolve().name

    def runs(self, wanted: Wanted) -> Iterator[FoundRun]:
        """A run for each folder, named by its path."""
        for folder in self._folders:
            below = folder.relative_to(self._root).as_posix()
            name = self._name if below == "." else below
            run_id = run_id_of("tensorboard", self._name, below)
            if wanted(run_id):
                read = self._read(folder, name)
                run = foreign_run(run_id, name, self._name, read.points, params=read.params)
                yield FoundRun(run, {}, read.points, files=Files(texts=read.texts))

    def _read(self, folder: Path, name: str) -> _Read:
        found = _Read([], {}, {})
        lost: dict[str, int] = {}
        for file in sorted(folder.glob(_FILES)):
            for event in _events(file):
                for value in event.summary.value:
                    kind = _kind_of(value)
                    if kind not in _TAKE:
                        lost[value.tag] = lost.get(value.tag, 0) + 1
                        continue
                    _TAKE[kind](found, event, value)
        for tag, number in lost.items():
            if not tag.startswith(_HPARAMS):
                self.lose(f"{tag} of {name}", f"{number} of it are no numbers or text")
        return found


def _events(file: Path) -> Iterator[Any]:
    try:
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    except ImportError as error:
        raise InvalidValue(
            "TensorBoard's own package reads its files, and is not installed",
            "pip install tensorboard",
        ) from error
    yield from EventFileLoader(str(file)).Load()


def _kind_of(value: Any) -> str:
    """What plugin a value is for; the loader has made tensors of those of older files."""
    return str(value.metadata.plugin_data.plugin_name or value.WhichOneof("value"))


def _take_scalar(found: _Read, event: Any, value: Any) -> None:
    from tensorboard.util.tensor_util import make_ndarray

    number = float(make_ndarray(value.tensor).item())
    found.points.append(Point(event.step, milliseconds(event.wall_time), value.tag, number))


def _take_text(found: _Read, event: Any, value: Any) -> None:
    from tensorboard.util.tensor_util import make_ndarray

    lines = [bytes(one) for one in make_ndarray(value.tensor).ravel()]
    found.texts[f"text/{value.tag}/{event.step}.md"] = b"\n".join(lines)


def _take_hparams(found: _Read, _: Any, value: Any) -> None:
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    said = HParamsPluginData.FromString(value.metadata.plugin_data.content)
    for key, given in said.session_start_info.hparams.items():
        kind = given.WhichOneof("kind")
        found.params[key] = text_of(getattr(given, kind)) if kind else ""


_TAKE = {"scalars": _take_scalar, "text": _take_text, "hparams": _take_hparams}
