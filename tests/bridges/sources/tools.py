"""Each tool at its work: `python tools.py NAME` records one run in the current folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

LOSSES = (1.0, 0.5, 0.25)


def tensorboard() -> None:
    """Scalars of the old kind and the new, an image, hyperparameters and a text."""
    import numpy as np
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import summary_v2
    from tensorboard.plugins.scalar.metadata import create_summary_metadata as scalar
    from tensorboard.plugins.text.metadata import create_summary_metadata as text
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util.tensor_util import make_tensor_proto

    writer = EventFileWriter("demo/train")
    for step, loss in enumerate(LOSSES):
        acc = make_tensor_proto(np.array(1 - loss, dtype=np.float32))
        values = [
            Summary.Value(tag="loss", simple_value=loss),
            Summary.Value(tag="acc", metadata=scalar("", ""), tensor=acc),
            Summary.Value(tag="picture", image=Summary.Image(encoded_image_string=b"x")),
        ]
        writer.add_event(Event(wall_time=1.7e9 + step, step=step, summary=Summary(value=values)))
    writer.add_event(Event(wall_time=1.7e9, summary=summary_v2.hparams_pb({"lr": 0.1})))
    said = make_tensor_proto(np.array([b"hello"], dtype=object))
    note = Summary.Value(tag="note", metadata=text("note", ""), tensor=said)
    writer.add_event(Event(wall_time=1.7e9, summary=Summary(value=[note])))
    writer.close()


def wandb() -> None:
    """An offline run with a nested configuration, and a value that is no number."""
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true")
    import wandb as library

    config = {"lr": 0.1, "model": {"layers": 3}}
    run = library.init(project="demo", name="first", config=config, notes="hello", tags=["a"])
    for loss in LOSSES:
        run.log({"loss": loss, "word": "x"})
    run.summary["best"] = 0.25
    run.finish()


def dvc() -> None:
    """DVCLive without DVC around it."""
    from dvclive import Live

    Path("demo").mkdir()
    os.chdir("demo")
    with Live("dvclive", save_dvc_exp=False) as live:
        live.log_params({"lr": 0.1})
        for loss in LOSSES:
            live.log_metric("loss", loss)
            live.log_metric("train/acc", 1 - loss)
            live.next_step()


def trackio() -> None:
    """A project in a folder of its own."""
    os.environ["TRACKIO_DIR"] = str(Path.cwd())
    import trackio as library

    library.init(project="demo", name="first", config={"lr": 0.1})
    for loss in LOSSES:
        library.log({"loss": loss})
    library.finish()


def sacred() -> None:
    """A run with a result and an artifact."""
    from sacred import Experiment
    from sacred.observers import FileStorageObserver

    work = Experiment("demo", save_git_info=False)
    work.observers.append(FileStorageObserver("demo"))
    work.add_config({"lr": 0.1})

    @work.main  # type: ignore[untyped-decorator]
    def main(_run: object) -> float:
        for step, loss in enumerate(LOSSES):
            _run.log_scalar("loss", loss, step)  # type: ignore[attr-defined]
        Path("weights.txt").write_text("weights")
        _run.add_artifact("weights.txt")  # type: ignore[attr-defined]
        return 3.5

    work.run()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
