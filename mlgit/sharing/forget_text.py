"""A text taken out of every record of a store, such as a password that somebody logged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlgit.errors import MlgitError
from mlgit.git.tree import FILE_MODE, Edit, walk
from mlgit.records import layout, text
from mlgit.records.epoch import named
from mlgit.records.fields import value_to_text
from mlgit.records.run import dump_run, load_run
from mlgit.records.schema_table import KINDS
from mlgit.sharing.forget_run import FORGOTTEN, Doc

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

_NUMBERS = frozenset({"params", "tags"})  # sections in which a number stands for its text
_METRICS = frozenset({"metrics", "history", "edits"})  # named after keys of points, or of fields
_LINE = 8  # letters of one line of a text of several: in a patch it stands alone


def without_text(
    objects: Objects, tree: Oid, secret: str
) -> tuple[dict[str, Edit], frozenset[str], tuple[str, ...]]:
    """The edits, how they are listed, and the files that hold the text and stay as they are.

    Each file is read once. A text of several lines is also looked for line by line.
    """
    search = _Search(secret)
    edits: dict[str, Edit] = {}
    forgotten: set[str] = set()
    held: list[str] = []
    clean: set[Oid] = set()  # many runs have the same packages
    for path, entry in walk(objects, tree):
        is_new = entry.mode == FILE_MODE and entry.oid not in clean
        data = objects.blob(entry.oid) if is_new else b""
        if not search.may_hold(data):
            clean.add(entry.oid)
            held += [path] if search.finds(path) else []
            continue
        after, parts = search.rewritten(path, data)
        if after != data:
            edits[path] = after
            forgotten |= parts
        if search.finds(path) or search.holds(after):
            held.append(path)
    return edits, frozenset(forgotten), tuple(held)


class _Search:
    """One text, and its lines, in files of every kind."""

    def __init__(self, secret: str) -> None:
        lines = [line.strip() for line in secret.splitlines()]
        more = [line for line in lines if len(line) >= _LINE] if len(lines) > 1 else []
        self._texts = list(dict.fromkeys([secret, *more]))
        plain = [re.findall(r"[A-Za-z0-9_]+", one) for one in self._texts]
        # However a text is spelled in YAML, CSV or plain, this part of it is spelled so.
        self._marks = [max(words, key=len, default="").encode() for words in plain]

    def may_hold(self, data: bytes) -> bool:
        """Whether it is worth a closer look."""
        return any(mark in data for mark in self._marks)

    def finds(self, words: str) -> bool:
        """Whether a plain text holds it."""
        return any(one in words for one in self._texts)

    def holds(self, data: bytes) -> bool:
        """Whether a file does, also where it is spelled as YAML or CSV spell it."""
        words = data.decode("utf-8", "surrogateescape")
        if self.finds(words) or self.finds(words.replace('""', '"')):
            return True
        return any(_escaped(one) in words for one in self._texts)

    def rewritten(self, path: str, data: bytes) -> tuple[bytes, set[str]]:
        """The file without it, as far as that can be done, and how the change is listed."""
        located = layout.parse_path(path)
        kind = located.kind if located else ""
        if path.startswith("runs/") and ("/files/" in path or path.endswith(".csv")):
            return data, set()
        try:
            if kind not in KINDS:
                return self._replaced(data.decode()).encode(), {path}
            after, parts = self._document(path, text.load(data))
            return (_dumped(kind, after), parts) if parts else (data, set())
        except (MlgitError, UnicodeDecodeError, KeyError, TypeError, ValueError):
            return data, set()

    def _document(self, path: str, doc: Doc) -> tuple[Doc, set[str]]:
        if path.endswith(f"/{layout.ARTIFACTS}"):
            entries = [self._artifact(entry) for entry in doc.get("artifacts", ())]
            pairs = zip(entries, doc.get("artifacts", ()), strict=True)
            changed = {named(path, str(old["path"])) for new, old in pairs if new != old}
            return {**doc, "artifacts": entries}, changed
        after = {
            key: value if key in _METRICS else self._value(value, numbers=key in _NUMBERS)
            for key, value in doc.items()
        }
        return after, {named(path, part) for part in _parts(doc, after)}

    def _artifact(self, entry: Doc) -> Doc:
        """Its path stays, and with it what the files in git are called."""
        kept = {key: entry[key] for key in ("path", "inline", "sha256") if key in entry}
        return {**self._value(entry), **kept}

    def _value(self, value: Any, *, numbers: bool = False) -> Any:
        if isinstance(value, dict):
            pairs = value.items()
            return {self._replaced(k): self._value(v, numbers=numbers) for k, v in pairs}
        if isinstance(value, list):
            return [self._value(one, numbers=numbers) for one in value]
        if numbers and type(value) in (int, float) and self.finds(value_to_text(value)):
            return self._replaced(value_to_text(value))
        return self._replaced(value) if isinstance(value, str) else value

    def _replaced(self, words: str) -> str:
        for one in self._texts:
            words = words.replace(one, FORGOTTEN)
        return words


def _parts(before: Doc, after: Doc) -> Iterator[str]:
    """Fields that differ; a section as a whole where a key of it does."""
    for section, value in after.items():
        was = before[section]
        if was == value:
            continue
        if isinstance(was, dict) and was.keys() == value.keys():
            yield from (f"{section}.{key}" for key in was if was[key] != value[key])
        else:
            yield section


def _dumped(kind: str, doc: Doc) -> bytes:
    data = text.dump(doc)
    if kind == "run" and "purged" not in doc:
        data = dump_run(load_run(data))
    return data


def _escaped(words: str) -> str:
    """As it stands between double quotes in YAML."""
    return text.dump({"x": f"{words}\x01"}).decode()[4:-8]
