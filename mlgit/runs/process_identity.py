"""Which process wrote something, and whether that process is certainly gone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")


class ProcessIdentity(NamedTuple):
    """One process of one boot of one machine; empty strings where the system does not say.

    Attributes:
        host: Node name of the machine.
        boot: Id of the kernel's current boot.
        pid: Process id.
        started: When the process started, in the kernel's own unit; told apart, never computed on.
    """

    host: str
    boot: str
    pid: int
    started: str

    def as_dict(self) -> dict[str, str | int]:
        """Plain values for a header."""
        return self._asdict()


def from_dict(fields: Mapping[str, object]) -> ProcessIdentity:
    """The identity that `as_dict` gave; missing fields are unknown."""
    pid = fields.get("pid")
    return ProcessIdentity(
        host=str(fields.get("host", "")),
        boot=str(fields.get("boot", "")),
        pid=pid if isinstance(pid, int) else 0,
        started=str(fields.get("started", "")),
    )


def this_process() -> ProcessIdentity:
    """The identity of the calling process."""
    pid = os.getpid()
    return ProcessIdentity(host_name(), boot_id(), pid, _start_of(pid) or "")


def host_name() -> str:
    """Node name of this machine."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    return os.environ.get("COMPUTERNAME", "")


def boot_id() -> str:
    """Id of the kernel's current boot, empty where there is none to read."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def same_machine(identity: ProcessIdentity) -> bool:
    """Whether `identity` lived on this machine, in this boot or an earlier one."""
    return identity.host == host_name() or rebooted(identity) is False


def rebooted(identity: ProcessIdentity) -> bool | None:
    """Whether the kernel has booted since; None where that is unknown."""
    current = boot_id()
    return identity.boot != current if identity.boot and current else None


def is_gone(identity: ProcessIdentity) -> bool:
    """Whether the process has certainly ended; only asked of this machine's processes."""
    if rebooted(identity):
        return True
    if not (_PROC / "self/stat").exists():
        return not _pid_exists(identity.pid)
    started = _start_of(identity.pid)
    return started is None or bool(identity.started and started != identity.started)


def _start_of(pid: int) -> str | None:
    """Start time of a running process, "" where unreadable, None when it has ended."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None if (_PROC / "self/stat").exists() else ""
    except OSError:
        return ""
    # The name in parentheses may hold spaces; state is field 3, the start time field 22.
    fields = stat.rpartition(")")[2].split()
    ended = fields[0] in ("Z", "X")  # killed, but its parent has not asked for it yet
    return None if ended else fields[19]


def _pid_exists(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
