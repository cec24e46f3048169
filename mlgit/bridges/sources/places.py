"""Where MLflow's artifacts are on this disk, which their addresses only half say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from mlgit.bridges.sources.source import Files

_PROXY = "mlflow-artifacts"
#: The folders that MLflow makes beside its database unless told otherwise.
_USUAL = ("", "mlartifacts", "mlruns")
_DEEPEST = 5  # parts of an address that still say whose artifacts they are


class Places(NamedTuple):
    """What may be read.

    An address in a store says where files were when they were logged, on whichever machine that
    was, and a store may come from anybody: only what lies below folders that the user named is
    taken, there or at the place that the end of the address names below one of them.

    Attributes:
        base: The folder that the source lies in.
        others: More folders that the user named.
    """

    base: Path
    others: tuple[Path, ...] = ()

    def files(self, uri: str) -> tuple[Files, str]:
        """The files at an address, and why there are none here: "" where they are."""
        scheme = urlsplit(uri).scheme
        if len(scheme) > 1 and scheme not in ("file", _PROXY):
            return Files(uri=uri), ""
        path = Path(unquote(urlsplit(uri).path) if len(scheme) > 1 else uri)
        for found in self._candidates(path, proxied=scheme == _PROXY):
            if found.is_dir() and self._allowed(found):
                return Files(folder=found), ""
        return Files(), f"its artifacts are not here: {uri}"

    def _candidates(self, path: Path, *, proxied: bool) -> Iterator[Path]:
        if not proxied:
            yield path if path.is_absolute() else self.base / path
        parts = [part for part in path.parts if part not in ("/", ".", "..")]
        for root in self._roots():
            for length in range(min(len(parts), _DEEPEST), 1, -1):
                yield root.joinpath(*parts[-length:])

    def _roots(self) -> list[Path]:
        return [*(self.base / name for name in _USUAL), *self.others]

    def _allowed(self, found: Path) -> bool:
        real = found.resolve()
        return any(real.is_relative_to(root.resolve()) for root in (self.base, *self.others))
