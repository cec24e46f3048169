"""A remote over git://, ssh or http(s) where the git program is not installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mlgit.errors import Damaged, MlgitError, NotFound, RemoteFailed
from mlgit.git.oid import BLOB, ZERO
from mlgit.git.pack import PackWriter, release
from mlgit.git.transport.outgoing import Lacking, lacking
from mlgit.git.transport.protocol import (
    HEADS,
    INBOX,
    QUICK,
    Deadline,
    Fetched,
    Pushed,
    Update,
    default_timeout,
    failed,
    local_refs,
    named,
    timed_out,
)
from mlgit.git.transport.refs import (
    in_common,
    judged,
    refused,
    remember_fetched,
    remember_pushed,
    remembered,
    resolve,
    selected,
    settled,
)
from mlgit.git.transport.url import address_of

if TYPE_CHECKING:
    from dulwich.client import GitClient, SendPackResult
    from dulwich.objects import ObjectID
    from dulwich.pack import UnpackedObject
    from dulwich.refs import Ref

    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository

T = TypeVar("T")


class WireTransport:
    """The way to a remote through dulwich's clients; see `Transport`."""

    def __init__(self, repository: Repository, remote: str, branch: str) -> None:
        self._repository = repository
        self.remote, self.branch = remote, branch
        self.tracking, self.memory = local_refs(repository, remote, branch)

    def fetch(self, timeout: float | None = None) -> Fetched:
        """See `Transport.fetch`."""
        from mlgit.git.transport.incoming import IncomingPack

        repository = self._repository
        objects = repository.objects
        known = remembered(repository, self)
        with IncomingPack(objects.directory) as incoming:

            def ask(client: GitClient, path: bytes, deadline: Deadline) -> Fetched:
                def keep(data: bytes) -> int:
                    deadline()
                    return incoming.write(data)

                return self._fetched(client, path, known, keep)

            found = self._talk("fetch from", timeout, ask, push=False)
            with PackWriter(Path(objects.directory), objects.shared) as writer:
                incoming.move_to(writer)
                pack = writer.finish()
        objects.refresh()
        try:
            self._refuse_gaps(found, known)
            remember_fetched(repository, self, found)
        finally:
            if pack:
                release(pack)
        return found

    def tips(self, timeout: float = QUICK) -> dict[str, Oid]:
        """See `Transport.tips`."""
        return {
            name: oid
            for name, oid in self._refs([HEADS], timeout).items()
            if name.startswith(HEADS)
        }

    def push(
        self,
        updates: Sequence[Update],
        timeout: float | None = None,
        options: Sequence[str] = (),
    ) -> dict[str, Pushed]:
        """See `Transport.push`."""
        found: dict[str, Pushed] = {}
        sent: list[Update] = []

        said = [one.encode() for one in options]

        def tell(client: GitClient, path: bytes, _: Deadline) -> None:
            if said:  # dulwich sends them, but does not ask for it
                client._send_capabilities.add(b"push-options")  # noqa: SLF001
            self._send(partial(client.send_pack, path, push_options=said), updates, found, sent)

        try:
            self._talk("push to", timeout, tell, push=True)
        except RemoteFailed as error:
            unknown = [one for one in sent if one.ref not in found]
            if not unknown:
                raise
            found |= resolve(unknown, error, lambda names: self._refs(names, QUICK))
        remember_pushed(self._repository, self, updates, found)
        return found

    def _fetched(
        self, client: GitClient, path: bytes, known: list[Oid], keep: Callable[[bytes], int]
    ) -> Fetched:
        objects = self._repository.objects
        from mlgit.git.transport.haves import Haves

        walker = Haves(objects, known)

        def wants(
            refs: Mapping[Ref, ObjectID],
            depth: int | None = None,  # noqa: ARG001
        ) -> list[ObjectID]:
            there = selected(_texts(refs), self.branch)
            tips = [*([there.tip] if there.tip else []), *there.inbox.values()]
            return [_id(oid) for oid in dict.fromkeys(tips) if not objects.contains(oid)]

        prefixes = [f"{HEADS}{self.branch}".encode(), INBOX.encode()]
        result = client.fetch_pack(path, wants, walker, keep, ref_prefix=prefixes)
        return selected(_texts(result.refs), self.branch)

    def _refuse_gaps(self, found: Fetched, known: list[Oid]) -> None:
        """Nothing of ours may point to what is not here, or not whole."""
        objects = self._repository.objects
        tips = [oid for oid in (found.tip, *found.inbox.values()) if oid and oid not in known]
        try:
            for one in lacking(objects, dict.fromkeys(tips), known):
                if one.kind == BLOB and not objects.contains(one.oid):
                    raise NotFound(f"object {one.oid.decode()[:12]} is missing")
        except (NotFound, Damaged) as error:
            raise failed(
                self.remote, "fetch from", "", f"it left something out: {error}"
            ) from error

    def _send(
        self,
        send_pack: Callable[..., SendPackResult],
        updates: Sequence[Update],
        found: dict[str, Pushed],
        sent: list[Update],
    ) -> None:
        objects = self._repository.objects
        there: dict[str, Oid] = {}

        def choose(refs: dict[Ref, ObjectID]) -> dict[Ref, ObjectID]:
            there.update(_texts(refs))
            found.update(settled(objects, updates, there))
            sent.extend(one for one in updates if one.ref not in found)
            return {_ref(one.ref): _id(one.new or ZERO) for one in sent}

        def pack(*_: object, **__: object) -> tuple[int, Iterator[UnpackedObject]]:
            new = list(self._lacking(sent, there))
            return len(new), _unpacked(objects, new)

        result = send_pack(choose, pack)
        status = result.ref_status or {}
        for one in sent:
            words = status.get(one.ref.encode())
            verdict = judged(one.ref, words) if words else Pushed.DONE
            if verdict is None:
                raise refused(self.remote, words or "")
            found[one.ref] = verdict

    def _lacking(self, updates: Iterable[Update], there: Mapping[str, Oid]) -> Iterator[Lacking]:
        """What the remote needs for these updates."""
        objects = self._repository.objects
        wants = [one.new for one in updates if one.new]
        return lacking(objects, wants, in_common(objects, there, self.branch))

    def _refs(self, prefixes: list[str], timeout: float) -> dict[str, Oid]:
        def ask(client: GitClient, path: bytes, _: Deadline) -> dict[str, Oid]:
            asked = [prefix.encode() for prefix in prefixes]
            return _texts(client.get_refs(path, ref_prefix=asked).refs)

        return self._talk("reach", timeout, ask, push=False)

    def _talk(
        self,
        action: str,
        timeout: float | None,
        talk: Callable[[GitClient, bytes, Deadline], T],
        *,
        push: bool,
    ) -> T:
        from mlgit.git.transport.client import client_for

        address = address_of(self._repository, self.remote, push=push)
        seconds = min(timeout or inf, default_timeout())
        deadline = Deadline(self.remote, seconds)
        try:
            with client_for(address, self._repository.config, deadline) as (client, path):
                return talk(client, path, deadline)
        except (MlgitError, MemoryError):
            raise
        except TimeoutError as error:
            raise timed_out(self.remote, seconds) from error
        except Exception as error:
            deadline()  # ssh was killed then
            # dulwich raises errors of many kinds on what a broken or hostile server says.
            raise _explained(self.remote, action, error) from error


def _unpacked(objects: Objects, new: Iterable[Lacking]) -> Iterator[UnpackedObject]:
    from dulwich.pack import UnpackedObject

    for one in new:
        kind, data = objects.read(one.oid)
        yield UnpackedObject(kind, sha=bytes.fromhex(one.oid.decode()), decomp_chunks=[data])


def _explained(remote: str, action: str, error: Exception) -> RemoteFailed:
    from dulwich.client import HTTPProxyUnauthorized, HTTPUnauthorized
    from dulwich.errors import NotGitRepository

    words = str(error) or type(error).__name__
    if isinstance(error, NotGitRepository) and not str(error):
        words = "there is no repository"
    if isinstance(error, (HTTPUnauthorized, HTTPProxyUnauthorized)):
        return RemoteFailed(
            f"cannot {action} {named(remote)}: it wants a user and a password",
            "install git, whose credentials are then used, or put them into ~/.git-credentials",
            remote=named(remote),
            said=words,
        )
    return failed(remote, action, words, words.splitlines()[0])


def _texts(refs: Mapping[Ref, ObjectID | None] | Mapping[Ref, ObjectID]) -> dict[str, Oid]:
    return {name.decode("utf-8", "surrogateescape"): oid for name, oid in refs.items() if oid}


def _ref(name: str) -> Ref:
    from dulwich.refs import Ref

    return Ref(name.encode())


def _id(oid: Oid) -> ObjectID:
    from dulwich.objects import ObjectID

    return ObjectID(oid)
