"""What the frames of a journal say: header, events, series and files, as values and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mlgit.errors import Damaged, Unsupported
from mlgit.runs import frames
from mlgit.runs.process_identity import ProcessIdentity, from_dict

FORMAT = 1
START, RESUME, HELPER = "start", "resume", "helper"
CLOSE = "close"  # the event that ends a journal
_TEXTS = ("role", "run", "experiment", "experiment_folder", "folder", "writer")
Series = tuple[str, str, str, str]  # metric key, logged model id, dataset name, dataset digest


class Header(NamedTuple):
    """The first record of a journal.

    Attributes:
        role: `START` where the run began here, `RESUME` where it went on, `HELPER` for a writer
            whose end says nothing about the run's (a forked child, a visitor).
        run: `run.yaml` as known when the journal was begun.
        experiment: `experiment.yaml` of the run's experiment.
        experiment_folder: Its folder below `runs/`.
        folder: The run's folder on the branch.
        process: Who writes.
        writer: Name of this journal among those of the run, 8 hex digits.
        created: Milliseconds UTC.
    """

    role: str
    run: str
    experiment: str
    experiment_folder: str
    folder: str
    process: ProcessIdentity
    writer: str
    created: int


def pack_header(header: Header) -> bytes:
    """The header's bytes, twice: no single damaged byte takes it away."""
    fields = {"format": FORMAT, **header._asdict(), "process": header.process.as_dict()}
    return frames.pack(frames.HEADER, _json(fields)) * 2


def parse_header(payload: bytes) -> Header:
    """The header in a frame's payload.

    Raises:
        Unsupported: A later version of mlgit wrote it.
        Damaged: It is not a header.
    """
    fields = _parsed(payload, dict)
    if fields.get("format") != FORMAT:
        raise Unsupported(
            "this journal was written by a later version of mlgit",
            hint="pip install --upgrade mlgit",
            format=fields.get("format"),
        )
    try:
        texts = {name: str(fields[name]) for name in _TEXTS}
        process = from_dict(fields["process"])
        return Header(**texts, process=process, created=int(fields["created"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"a journal's header lacks a field: {error}") from error


def pack_event(event: Mapping[str, Any]) -> bytes:
    """One event: plain data with the key `do`."""
    return frames.pack(frames.EVENT, _json(event))


def parse_event(payload: bytes) -> dict[str, Any]:
    """The event in a frame's payload.

    Raises:
        Damaged: It is not an event.
    """
    event: dict[str, Any] = _parsed(payload, dict)
    return event


def pack_series(number: int, series: Series) -> bytes:
    """The definition of a series by number, twice as the header."""
    return frames.pack(frames.SERIES, _json([number, *series])) * 2


def parse_series(payload: bytes) -> tuple[int, Series]:
    """The number and the series in a frame's payload.

    Raises:
        Damaged: It is not a definition.
    """
    match _parsed(payload, list):
        case [int(number), str(key), str(model), str(name), str(digest)]:
            return number, (key, model, name, digest)
    raise Damaged("a journal defines a series in an unknown way")


def pack_file(name: str, data: bytes) -> bytes:
    """A file that travels with the run, by name."""
    encoded = name.encode()
    return frames.pack(frames.FILE, len(encoded).to_bytes(2, "little") + encoded + data)


def parse_file(payload: bytes) -> tuple[str, bytes]:
    """The name and the bytes of a file in a frame's payload.

    Raises:
        Damaged: It is not a file.
    """
    end = 2 + int.from_bytes(payload[:2], "little")
    try:
        return payload[2:end].decode(), payload[end:]
    except UnicodeDecodeError as error:
        raise Damaged("a journal names a file in an unknown way") from error


def _json(value: Mapping[str, Any] | Sequence[Any]) -> bytes:
    import json

    # Plain ASCII: no line break inside, so the magic of a frame cannot occur in text.
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _parsed(payload: bytes, kind: type) -> Any:
    import json

    try:
        value = json.loads(payload)
    except ValueError as error:
        raise Damaged(f"a journal's record is not readable: {error}") from error
    if not isinstance(value, kind):
        raise Damaged("a journal's record is of an unknown kind")
    return value
