"""Which forge a remote is, from its URL or from what the user says."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from mlgit.errors import InvalidValue

#: What `mlgit.forge` may say; Forgejo is spoken to as Gitea, `none` is a server without a forge.
NAMES = ("github", "gitlab", "gitea", "forgejo", "none")
_BY_LABEL = {"github": "github", "gitlab": "gitlab", "codeberg": "gitea"} | dict.fromkeys(
    ("gitea", "forgejo"), "gitea"
)
#: Hosts that take ssh for another one, as behind a firewall that lets only port 443 through.
_WEB_HOSTS = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}


class Forge(NamedTuple):
    """A project at a forge.

    Attributes:
        kind: github, gitlab, gitea, or "" where there is none, or none that is known.
        host: Its host, with the port of its web pages where that is not the usual one.
        path: The project there, such as `team/churn`.
        scheme: Of its web pages.
    """

    kind: str = ""
    host: str = ""
    path: str = ""
    scheme: str = "https"

    @property
    def page(self) -> str:
        """The URL of the project's web page."""
        return f"{self.scheme}://{self.host}/{quote(self.path, safe='/~')}"


def forge_of(url: str, said: str = "") -> Forge:
    """The forge that a remote's URL leads to; `said` is the setting `mlgit.forge`.

    Raises:
        InvalidValue: The setting names no forge.
    """
    if said and said not in NAMES:
        raise InvalidValue(
            f"mlgit.forge is {said!r}", f"git config mlgit.forge <{'|'.join(NAMES)}>"
        )
    host, path = _place(url)
    kind = {"forgejo": "gitea", "none": ""}.get(said, said) if said else _kind(host)
    scheme = "http" if url.startswith("http://") else "https"
    return Forge(kind, host, path, scheme) if kind and host else Forge()


def _kind(host: str) -> str:
    labels = [re.match(r"[a-z]*", label) for label in host.split(".")]
    words = [label[0] for label in labels if label]
    return next((_BY_LABEL[word] for word in words if word in _BY_LABEL), "")


def _place(url: str) -> tuple[str, str]:
    """Host and path of a URL, or of `user@host:path`; empty where it is neither."""
    if "://" in url:
        try:
            parts = urlsplit(url)
            host, port, path = parts.hostname or "", parts.port, unquote(parts.path)
        except ValueError:
            return "", ""
        port = port if parts.scheme in ("http", "https") else None
    else:
        before, colon, path = url.partition(":")
        host, port = (before.rpartition("@")[2].lower(), None) if colon else ("", None)
    host, path = _WEB_HOSTS.get(host, host), path.strip("/").removesuffix(".git")
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", host) or "/" not in path:
        return "", ""
    return f"{host}:{port}" if port else host, path
