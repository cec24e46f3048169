"""A file much larger than the memory that is taken for it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SIZE = 10 << 30
ROOM = 2 * SIZE + (4 << 30)  # other tests write at the same time
MOST = 48 << 20  # bytes of memory beyond what an idle process has

CODE = """
import resource, sys
from pathlib import Path
from mlgit.artifacts.cache import ObjectCache

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

store = ObjectCache(Path("objects"))
store.put_bytes(b"warm" * 1_000_000)
before = peak()
digest, size = store.put_file(Path("large.bin"))
assert size == int(sys.argv[1])
with Path("back.bin").open("w+b") as file:
    store.get(digest, file)
print(peak() - before)
"""


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_ten_gigabytes_go_in_and_out_in_bounded_memory(tmp_path: Path) -> None:
    room = shutil.disk_usage(tmp_path).free
    if room < ROOM:
        pytest.skip(f"the disk has {room >> 30} GiB left; two copies need {ROOM >> 30} GiB")
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(SIZE)  # without blocks on the disk; the copies have them
        file.seek(SIZE // 2)
        file.write(b"not all is nothing")
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(SIZE)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=3000,
        check=False,
    )
    for path in (tmp_path / "back.bin", tmp_path / "large.bin"):
        path.unlink(missing_ok=True)
    for path in (tmp_path / "objects").rglob("*"):
        if path.is_file():
            path.unlink()
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MOST
