"""Names and ids turned into parts of a path that every system can check out.

An allow-list: what is not plainly harmless becomes a readable slug and a hash of the exact name.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from hashlib import sha256

MAX_INLINE_PATH = 200  # characters; Windows allows 260 for a whole path

_DEVICES = frozenset(
    ["con", "prn", "aux", "nul"] + [f"{port}{n}" for port in ("com", "lpt") for n in range(10)]
)
PLAIN_FOLDER = r"[a-z0-9][a-z0-9_-]{0,62}"
PLAIN_ID = r"[a-z0-9][a-z0-9_-]{0,63}"
SLUG = r"[a-z0-9](?:[a-z0-9-]{0,43}[a-z0-9])?"
_plain_folder = re.compile(PLAIN_FOLDER).fullmatch
_plain_id = re.compile(PLAIN_ID).fullmatch
_plain_part = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}").fullmatch
_HASHED_PART = rf"(?:[0-9]{{6}}-)?{SLUG}~(?:[0-9a-f]{{8}}|[0-9a-f]{{12}})"
_HASHED_FILE = r"~(?:[0-9a-f]{12}|[0-9a-f]{24}|[0-9a-f]{64})"


def safe_name(name: str) -> bool:
    """Whether `name` may be one part of a path of the branch: harmless on every file system."""
    if _plain_part(name):
        return name[-1] != "." and not is_device(name)
    return bool(re.fullmatch(_HASHED_PART, name) or re.fullmatch(_HASHED_FILE, name))


def is_device(name: str) -> bool:
    """Whether Windows takes `name` for a device, with or without an extension."""
    return name.partition(".")[0].lower() in _DEVICES


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "x"


def _hashed(name: str, slug: str, digits: int) -> str:
    return f"{slug}~{_digest(name)[:digits]}"


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def folder_name(name: str) -> str:
    """The folder of an experiment, model, alias or deployment target of that name."""
    if _plain_folder(name) and not is_device(name):
        return name
    return _hashed(name, _slug(name), 8)


def run_part(run_id: str) -> str:
    """How a run's id stands in its folder: itself where plain, else a slug and a hash.

    What begins with `m-` is a logged model there, so a run's id that does is never plain.
    """
    if run_id.startswith("m-"):
        return _hashed(run_id, f"run-{_slug(run_id)}", 12)
    return run_id if _plain_id(run_id) else _hashed(run_id, _part_slug(run_id), 12)


def _part_slug(run_id: str) -> str:
    slug = _slug(run_id)
    return f"run-{slug}" if slug.startswith("m-") else slug


def model_part(model_id: str) -> str:
    """How a logged model's id stands in its folder; begins with `m-`."""
    if model_id.startswith("m-") and _plain_id(model_id):
        return model_id
    return _hashed(model_id, f"m-{_slug(model_id.removeprefix('m-'))}", 12)


def shard(whole_id: str) -> str:
    """The folder between a day and its runs: one hex digit of the id's hash."""
    return _digest(whole_id)[0]


def part_may_start(part: str, prefix: str) -> bool:
    """Whether the run of this `run_part` may have an id that begins with `prefix`.

    Exact for plain ids; for hashed ones only the run's file can say.
    """
    return "~" in part or part.startswith(prefix)


def experiment_id(name: str, k: int = 0) -> str:
    """The id of the `k`-th experiment of that name: 18 digits, the same in every clone."""
    if name == "Default" and k == 0:
        return "0"
    return str(10**17 + int(_digest(f"{name}\0{k}"), 16) % (9 * 10**17))


def artifact_file(path: str, digest: str, taken: Collection[str] = ()) -> str:
    """Where an artifact kept in git lives, below its run's folder.

    `files/<path>` only where every part is plain and nothing in `taken` (such names of the run's
    other artifacts) clashes with it by case or by one being the folder of the other; else
    `files/~<12 hex digits of its sha256>`, or more digits where that is taken.
    """
    name = f"files/{path}"
    plain = all(_plain_part(part) and safe_name(part) for part in path.split("/"))
    if plain and len(path) <= MAX_INLINE_PATH and not _clashes(name, taken):
        return name
    choices = [f"files/~{digest[:length]}" for length in (12, 24, 64)]
    return next((choice for choice in choices if choice not in taken), choices[-1])


class Taken(Collection[str]):
    """Names that are given already; whether another clashes with one is told without a search."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names: Counter[str] = Counter()
        self._alike: Counter[str] = Counter()
        self._folders: Counter[str] = Counter()
        for name in names:
            self.add(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def add(self, name: str, times: int = 1) -> None:
        """Take a name."""
        for known, one in self._entries(name):
            known[one] += times
            if not known[one]:
                del known[one]

    def remove(self, name: str) -> None:
        """Give back a name that was taken."""
        self.add(name, -1)

    def _entries(self, name: str) -> Iterator[tuple[Counter[str], str]]:
        yield self._names, name
        yield self._alike, name.lower()
        for folder in _above(name.lower()):
            yield self._folders, folder

    def clashes(self, name: str) -> bool:
        """Whether one is the same but for case, or one is the folder of the other."""
        one = name.lower()
        return (
            one in self._alike
            or one in self._folders
            or any(folder in self._alike for folder in _above(one))
        )


def _above(name: str) -> Iterator[str]:
    """The folders around a name."""
    at = name.find("/")
    while at >= 0:
        yield name[:at]
        at = name.find("/", at + 1)


def _clashes(name: str, taken: Collection[str]) -> bool:
    return (taken if isinstance(taken, Taken) else Taken(taken)).clashes(name)
