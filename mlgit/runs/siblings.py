"""What other processes of this machine have said about the same run."""

from __future__ import annotations

from mlgit.runs.journal_file import SUFFIX, JournalFile
from mlgit.runs.journal_read import JournalContent, follow


class Siblings:
    """The other journals of a run, read as they grow."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self._contents: dict[str, JournalContent] = {}
        self._params: dict[str, str] = {}
        self._seen: dict[str, int] = {}

    def params(self) -> dict[str, str]:
        """Parameters logged by the others so far; the first value of each."""
        folder, own = self._file.path.parent, self._file.path.name
        try:
            others = [p.name for p in folder.iterdir() if p.suffix == SUFFIX and p.name != own]
        except OSError:
            return self._params
        for name in others:
            content = self._contents.setdefault(name, JournalContent())
            try:
                follow(folder / name, content)
            except OSError:  # published meanwhile, or another user's
                continue
            self._take(name, content)
        return self._params

    def _take(self, name: str, content: JournalContent) -> None:
        for event in content.events[self._seen.get(name, 0) :]:
            if event.fields.get("do") == "params":
                for key, value in event.fields["values"].items():
                    self._params.setdefault(key, value)
        self._seen[name] = len(content.events)
