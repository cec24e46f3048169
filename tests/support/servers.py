"""Real servers over a folder of bare repositories, on loopback, one for every way git has.

    with serving("ssh", folder) as server:
        server.url("hub.git"), server.env

A server that is not installed skips the test; `.ci/full servers` installs it, and lets none skip.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from tests.support.web import web_server

KINDS = ("path", "file", "git", "http", "ssh")
ALLOWED = "file:git:http:ssh"  # for GIT_ALLOW_PROTOCOL; the sealed environment has only files
_ALL_REQUIRED = os.environ.get("MLGIT_TEST_SERVERS") == "required"


class Server(NamedTuple):
    """A running server.

    Attributes:
        base: What stands before a repository's name in its URL.
        env: What the environment of a client needs.
        port: Where it listens; 0 where there is none.
    """

    base: str
    env: dict[str, str]
    port: int = 0

    def url(self, name: str) -> str:
        """The address of a repository."""
        return f"{self.base}/{name}"


@contextmanager
def serving(kind: str, root: Path, *, writable: bool = True) -> Iterator[Server]:
    """Serve the repositories in `root` in one of the ways of `KINDS`."""
    env = {"GIT_ALLOW_PROTOCOL": ALLOWED}
    if kind in ("path", "file"):
        yield Server(f"{'file://' if kind == 'file' else ''}{root}", env)
    elif kind == "http":
        require("http-backend")
        with web_server(root) as web:
            web.writable = writable
            yield Server(web.url, env, int(web.url.rpartition(":")[2]))
    elif kind == "git":
        with git_daemon(root, writable=writable) as port:
            yield Server(f"git://127.0.0.1:{port}", env, port)
    else:
        with ssh_server(root) as server:
            yield server._replace(env={**env, **server.env})


@contextmanager
def git_daemon(root: Path, *, writable: bool = True) -> Iterator[int]:
    """The port of a `git daemon`."""
    require("daemon")
    argv = ["git", "daemon", "--inetd", "--export-all", f"--base-path={root}", str(root)]
    argv.insert(3, f"--{'enable' if writable else 'disable'}=receive-pack")
    with listening(argv) as port:
        yield port


@contextmanager
def ssh_server(root: Path, programs: Path | None = None) -> Iterator[Server]:
    """An OpenSSH server that lets in the one key it has made; nobody is asked for a password.

    The folder `programs` comes first where it looks for what clients want to run.
    """
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None or not all(map(shutil.which, ("ssh", "ssh-keygen"))):
        _missing("openssh-server")
    home = root.with_name(f"{root.name}-ssh")
    home.mkdir(mode=0o700)
    for name in ("host", "user", "stranger"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(home / name)]
        subprocess.run(argv, check=True)
    shutil.copy(home / "user.pub", home / "authorized")
    settings = {
        "HostKey": home / "host",
        "AuthorizedKeysFile": home / "authorized",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "AcceptEnv": "GIT_PROTOCOL",
        "Subsystem": "sftp internal-sftp",
    }
    if programs is not None:
        settings["SetEnv"] = f"PATH={programs}:{os.environ['PATH']}"
    (home / "config").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # it will not run without
    argv = [str(program), "-i", "-f", str(home / "config"), "-E", str(home / "log")]
    with listening(argv) as port:
        public = (home / "host.pub").read_text()
        (home / "known").write_text(f"[127.0.0.1]:{port} {public}")
        base = f"ssh://127.0.0.1:{port}{root}"
        yield Server(base, {"GIT_SSH_COMMAND": ssh_command(home, "user")}, port)


def ssh_command(home: Path, key: str) -> str:
    """How ssh is called with one of the keys that `ssh_server` has made."""
    options = ("IdentitiesOnly=yes", f"UserKnownHostsFile={home / 'known'}")
    words = ["ssh", "-F", "/dev/null", "-i", str(home / key)]
    return " ".join([*words, *(word for option in options for word in ("-o", option))])


@contextmanager
def listening(argv: Sequence[str]) -> Iterator[int]:
    """A free port where each caller gets a program of its own, as from inetd."""
    children: list[subprocess.Popen[bytes]] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_hand_over, args=(listener, argv, children), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for child in children:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def _hand_over(
    listener: socket.socket, argv: Sequence[str], children: list[subprocess.Popen[bytes]]
) -> None:
    with suppress(OSError):  # the listener's end
        while True:
            caller, _ = listener.accept()
            with caller:
                children[:] = [child for child in children if child.poll() is None]
                inside, nothing = caller.fileno(), subprocess.DEVNULL
                children.append(
                    subprocess.Popen(
                        argv, stdin=inside, stdout=inside, stderr=nothing, start_new_session=True
                    )
                )


def require(program: str) -> None:
    """Skip where git came without one of its servers."""
    where = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
    if not (Path(where.stdout.strip()) / f"git-{program}").exists():
        _missing(f"git {program}")


def _missing(what: str) -> NoReturn:
    if _ALL_REQUIRED:
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed")
