"""A remote through the git program: with the credentials, proxies and ssh that it knows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit import process
from mlgit.errors import RemoteFailed
from mlgit.git.transport.private_dir import OWN, private_dir, refs_in
from mlgit.git.transport.protocol import (
    HEADS,
    IDLE,
    INBOX,
    QUICK,
    SSH,
    Fetched,
    Pushed,
    Update,
    default_timeout,
    failed,
    local_refs,
    timed_out,
)
from mlgit.git.transport.refs import (
    judged,
    refused,
    remember_fetched,
    remember_pushed,
    resolve,
)

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository

_LOST = "remote failed to report status"
_DONE = dict.fromkeys((" ", "+", "-", "*"), Pushed.DONE)
_FLAGS = {**_DONE, "=": Pushed.UP_TO_DATE}
# The user's own refspecs are left out: those of a mirror would overwrite local branches. Objects
# come as a pack, which git forces to the disk; loose ones it does not.
_FETCH = (
    *("-c", "fetch.unpackLimit=1"),
    *("fetch", "--quiet", "--refmap=", "--no-tags", "--no-recurse-submodules"),
    *("--no-write-fetch-head", "--no-auto-gc", "--no-write-commit-graph"),
)
_TIP = f"{OWN}tip"
_INBOX = f"{OWN}inbox/"
_NAMELESS = "mlgit-push"
_NOT_OURS = {"fetch", "push", "mirror", "tagopt", "prune"}
_PUSH = ("push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no")


class GitTransport:
    """The way to a remote through the git program; see `Transport`."""

    def __init__(self, repository: Repository, remote: str, branch: str) -> None:
        self._repository = repository
        self.remote, self.branch = remote, branch
        self.tracking, self.memory = local_refs(repository, remote, branch)

    def fetch(self, timeout: float | None = None) -> Fetched:
        """See `Transport.fetch`."""
        ref = f"{HEADS}{self.branch}"
        wanted = [f"+{ref}:{_TIP}", f"+{INBOX}*:{_INBOX}*"]
        with private_dir(self._repository) as place:
            done = self._git([*_FETCH, "--", self.remote, *wanted], timeout, place)
            if done.returncode and "find remote ref" in _text(done.stderr):
                # git says so, too, when a reply over HTTP is cut short
                there = ref in self.tips()
                wanted = wanted[not there :]
                done = self._git([*_FETCH, "--", self.remote, *wanted], timeout, place)
            if done.returncode:
                raise failed(self.remote, "fetch from", _text(done.stderr))
            found = refs_in(place)
        self._repository.objects.refresh()
        inbox = {
            name.replace("inbox/", INBOX, 1): oid for name, oid in found.items() if name != "tip"
        }
        fetched = Fetched(found.get("tip"), inbox)
        remember_fetched(self._repository, self, fetched)
        return fetched

    def tips(self, timeout: float = QUICK) -> dict[str, Oid]:
        """See `Transport.tips`."""
        return self._refs(["--heads"], [], timeout)

    def push(
        self,
        updates: Sequence[Update],
        timeout: float | None = None,
        options: Sequence[str] = (),
    ) -> dict[str, Pushed]:
        """See `Transport.push`."""
        said_to_forge = [f"--push-option={one}" for one in options]
        leases = [
            f"--force-with-lease={one.ref}:{_text(one.old or b'')}"
            for one in updates
            if one.force or one.new is None
        ]
        specs = [f"{_text(one.new or b'')}:{one.ref}" for one in updates]
        try:
            nameless, remote = self._nameless()
            done = self._git(
                [*nameless, *_PUSH, *said_to_forge, *leases, "--", remote, *specs], timeout
            )
            verdicts, said = _verdicts(_text(done.stdout), updates), _text(done.stderr)
            lost = failed(self.remote, "push to", said)
        except RemoteFailed as error:
            verdicts, said, lost = {}, "", error
        found: dict[str, Pushed] = {}
        for ref, (flag, words) in verdicts.items():
            self._note(found, ref, flag, words, said)
        unknown = [one for one in updates if one.ref not in found]
        if unknown:
            found |= resolve(unknown, lost, lambda names: self._refs([], names, QUICK))
        remember_pushed(self._repository, self, updates, found)
        return found

    def _note(self, found: dict[str, Pushed], ref: str, flag: str, words: str, said: str) -> None:
        """Note what a flag of `git push --porcelain` says, unless the answer got lost."""
        if flag in _FLAGS:
            found[ref] = _FLAGS[flag]
        elif flag == "!" and _LOST not in words:
            verdict = judged(ref, words)
            if verdict is None:
                raise refused(self.remote, words, said)
            found[ref] = verdict

    def _refs(self, options: list[str], names: list[str], timeout: float) -> dict[str, Oid]:
        asked = ["ls-remote", "--refs", *options, "--", self.remote, *names]
        done = self._git(asked, timeout)
        if done.returncode:
            raise failed(self.remote, "reach", _text(done.stderr))
        lines = (line.split(b"\t", 1) for line in done.stdout.splitlines())
        return {_text(name): oid for oid, name in lines}

    def _nameless(self) -> tuple[list[str], str]:
        """Settings of a remote like ours of which git remembers no branches, and its name."""
        known = self._repository.config.section(f"remote.{self.remote}")
        own = [one for one in known if one.key not in _NOT_OURS]
        if not own:
            return [], self.remote
        settings = (("-c", f"remote.{_NAMELESS}.{one.key}={one.value}") for one in own)
        return [*chain.from_iterable(settings)], _NAMELESS

    def _git(
        self, args: list[str], timeout: float | None, place: Path | None = None
    ) -> process.Completed:
        # From the work tree's top, as git itself: a remote may be a path relative to it.
        where, top = self._repository.git_dir, self._repository.work_tree
        seconds = min(timeout or inf, default_timeout())
        try:
            return process.git(
                [*self._settings(), *args],
                git_dir=place or where,
                work_tree=top,
                cwd=top or where,
                env=self._environment(),
                timeout=seconds,
                check=False,
                apart=True,
            )
        except process.CommandFailed as error:
            if error.facts.get("returncode") is None and process.git_program() is not None:
                raise timed_out(self.remote, seconds) from error
            raise

    def _settings(self) -> list[str]:
        """Settings for this one call: no transfer idles for ever, and a mirror is none."""
        config, found = self._repository.config, []
        if config.get("http", "lowSpeedTime") is None:
            found += ["-c", "http.lowSpeedLimit=1", "-c", f"http.lowSpeedTime={IDLE}"]
        if config.flag(f"remote.{self.remote}", "mirror", default=False):
            found += ["-c", f"remote.{self.remote}.mirror=false"]
        return found

    def _environment(self) -> dict[str, str]:
        """How ssh is to be called, where the user has not said so."""
        theirs = {"GIT_SSH", "GIT_SSH_COMMAND"} & set(os.environ)
        if theirs or self._repository.config.get("core", "sshCommand"):
            return {}
        return {"GIT_SSH_COMMAND": SSH}


def _verdicts(porcelain: str, updates: Sequence[Update]) -> dict[str, tuple[str, str]]:
    """The flag that `git push --porcelain` gives each ref, and the words behind it.

    What was pushed for review is named there as the forge calls it then.
    """
    found, reviewed = {}, {_text(one.new or b""): one.ref for one in updates if _is_review(one)}
    for line in porcelain.splitlines():
        parts = line.split("\t")
        if len(parts) == 3:
            new, _, ref = parts[1].rpartition(":")
            is_ours = any(one.ref == ref for one in updates)
            found[ref if is_ours else reviewed.get(new, ref)] = parts[0], parts[2]
    return found


def _is_review(update: Update) -> bool:
    return update.ref.startswith("refs/for/")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
