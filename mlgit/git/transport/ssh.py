"""The ssh program as dulwich's client calls it: in a session of its own, and surely ended."""

from __future__ import annotations

import os
import select
import shlex
import tempfile
import threading

from dulwich.client import SSHVendor

from mlgit.process import Partner


class SshVendor(SSHVendor):
    """Starts ssh for dulwich; `seconds` later it is killed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def run_command(  # type: ignore[override]  # a class of our own for what dulwich only uses
        self,
        host: str,
        command: bytes,
        username: str | None = None,
        port: int | None = None,
        ssh_command: str | None = None,
        protocol_version: int | None = None,
    ) -> _Connection:
        """Run a command of git on a host.

        Raises:
            CommandFailed: ssh could not be started.
        """
        argv = [*shlex.split(ssh_command or "ssh", posix=os.name != "nt"), "-x"]
        argv += ["-p", str(port)] if port else []
        argv += ["-o", "SetEnv GIT_PROTOCOL=version=2"] if protocol_version != 0 else []
        argv += [f"{username}@{host}" if username else host, command.decode()]
        return _Connection(argv, self._seconds)


class _Connection:
    """What dulwich wants of a running ssh; `stderr` has what ssh and the remote complained of."""

    def __init__(self, argv: list[str], seconds: float) -> None:
        self.stderr = _Complaints()
        self._partner = Partner(argv, errors=self.stderr.file, apart=True)
        self._closed = False
        self._end = threading.Timer(seconds, self._partner.kill)
        self._end.daemon = True
        self._end.start()

    def read(self, size: int) -> bytes:
        self._partner.stdin.flush()
        return self._partner.stdout.read(size)

    def write(self, data: bytes) -> int:
        return self._partner.stdin.write(data)

    def can_read(self) -> bool:
        self._partner.stdin.flush()
        return bool(select.select([self._partner.stdout], [], [], 0)[0])

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._end.cancel()
            self._partner.__exit__()
            self.stderr.file.close()


class _Complaints:
    """A file that is read from its start."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115

    def readlines(self) -> list[bytes]:
        self.file.seek(0)
        return self.file.readlines()
