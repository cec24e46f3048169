"""A place that says it has kept what it has not is found out, whatever it did."""

from __future__ import annotations

import random
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mlgit.artifacts.remotes.files import PIECE
from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote
from mlgit.artifacts.remotes.place import Place
from mlgit.errors import RemoteFailed, StorageFailed

LIES = ("nothing", "half", "flipped", "zeros", "longer")


def lying(lie: str) -> Any:
    """A file system in memory that keeps something else than it is given."""
    from fsspec.implementations.memory import MemoryFileSystem

    class Liar(MemoryFileSystem):  # type: ignore[misc]
        store: dict[str, Any] = {}  # noqa: RUF012 - as the class above it has it
        pseudo_dirs = [""]  # noqa: RUF012
        cachable = False

        def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: object) -> None:
            kept = {
                "nothing": None,
                "half": value[: len(value) // 2],
                "flipped": value[:-1] + bytes([value[-1] ^ 1]),
                "zeros": bytes(len(value)),
                "longer": value + b"\0",
            }[lie]
            if kept is not None:
                super().pipe_file(path, kept, mode)

        def put_file(self, lpath: str, rpath: str, *_: object, **__: object) -> None:
            self.pipe_file(rpath, Path(lpath).read_bytes())

    return Liar


@pytest.mark.parametrize("size", [100, PIECE + 100])
@pytest.mark.parametrize("renames", [False, True])
@pytest.mark.parametrize("lie", LIES)
def test_no_lie_is_believed(tmp_path: Path, lie: str, renames: bool, size: int) -> None:
    data = random.randbytes(size)
    digest, path = sha256(data).hexdigest(), tmp_path / "file"
    path.write_bytes(data)
    remote = FsspecRemote("main", "", Place(lying(lie), "/root", "", renames=renames))
    with pytest.raises(RemoteFailed):
        remote.put(digest, path)
    assert not remote.has(digest)
    assert list(remote.keys("")) == []


def test_no_secret_reaches_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "cGxlYXNlLWRvLW5vdC10ZWxs")
    words = (
        "403 https://x.example/b/k?X-Amz-Signature=abcdef0&X-Amz-Credential=AKIAXX "
        "Authorization: Bearer ya29.token-of-ada password=hunter2 cGxlYXNlLWRvLW5vdC10ZWxs\x1b[2J"
    )

    def refuse() -> Any:
        raise PermissionError(words)

    remote = FsspecRemote("main", "", Place(refuse, "/root", ""))
    with pytest.raises(StorageFailed) as caught:
        remote.sizes(["0" * 64])
    said = f"{caught.value.message} {caught.value.hint} {caught.value.facts}"
    assert "main" in said
    for secret in ("abcdef0", "AKIAXX", "ya29", "hunter2", "cGxl", "\x1b"):
        assert secret not in said
