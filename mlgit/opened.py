"""A proposal at a remote: pushed, and opened as a request where there is a forge."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit import process
from mlgit.git.config import TRUE
from mlgit.git.transport.choice import transport_to
from mlgit.git.transport.protocol import HEADS, Update
from mlgit.registry.guarded import guarded_branch

if TYPE_CHECKING:
    from mlgit.git.transport.protocol import Transport
    from mlgit.registry.forge.opening import Opening
    from mlgit.registry.proposals.proposal import Proposal
    from mlgit.store.store import Store

_FORGE = ("mlgit", "forge")
_TOOLS = ("mlgit", "forgetools")  # of the user alone: no repository has a program run
_PATIENCE = 60.0  # seconds that the forge's own tool gets


def open_proposal(store: Store, remote: Transport, proposal: Proposal) -> Opening:
    """Push a proposal so that the forge there opens a request of it; how, and the page of it.

    Raises:
        InvalidValue: The setting `mlgit.forge` names no forge.
        RemoteFailed: It cannot be reached, or refuses.
    """
    from mlgit.registry.forge.opening import opening

    objects, config = store.repository.objects, store.repository.config
    subject, _, text = objects.commit(proposal.commit).message.partition("\n\n")
    url = config.get(f"remote.{remote.remote}", "url") or remote.remote
    target = guarded_branch(store).name
    said = config.get(*_FORGE) or ""
    tools = (config.of_user(*_TOOLS) or "no").lower() in TRUE
    how = opening(url, proposal.name, target, subject, text, said=said, tools=tools)
    way = transport_to(store.repository, remote.remote, proposal.name)
    old = store.repository.refs.read(way.tracking)
    ref = f"{HEADS}{proposal.name}"
    updates = [Update(ref, proposal.commit, old, force=old is not None)]
    updates += [Update(how.ref, proposal.commit)] if how.ref else []
    way.push(updates, options=how.push_options)
    return _by_tool(how) if how.argv else how


def _by_tool(how: Opening) -> Opening:
    """The request that the forge's own tool has opened; where it is open already, its new text."""
    from mlgit.registry.proposals.body import updated

    try:
        said = _said(how.argv, how.stdin)
    except process.CommandFailed:
        with suppress(process.CommandFailed):
            _said(how.edited, updated(_said(how.shown), how.stdin))
        return how
    links = [line.strip() for line in said.splitlines() if line.startswith("https://")]
    return how._replace(link=links[-1] if links else how.link)


def _said(argv: tuple[str, ...], stdin: str = "") -> str:
    done = process.run(argv, stdin=stdin.encode(), timeout=_PATIENCE, apart=True)
    return done.stdout.decode("utf-8", "replace")
