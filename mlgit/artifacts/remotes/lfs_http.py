"""HTTP for LFS servers: kept connections, time-outs, proxies, redirects that give nothing away."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from mlgit.artifacts.remotes.lfs_failures import broken, refuse_address, retry_after, untrusted_host

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

Body = Callable[[], Any]  # makes the bytes, or a file to read them from, anew for every try
_CONNECT, _IDLE = 15.0, 120.0  # seconds; a host may need a while to look at a large upload
_HOPS = 4
_WAITS = 3
_MOVED = {301, 302, 303, 307, 308}
_BUSY = {429, 503}
_BLOCK = 1 << 18


class Network(NamedTuple):
    """How hosts are reached: the URL of a proxy, and a file of certificates to trust, or ""."""

    proxy: str = ""
    authorities: str = ""


class Http:
    """A client; many threads may use it, and a forked child, too."""

    def __init__(
        self, name: str, network: Network, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._name, self._network, self._sleep = name, network, sleep
        self._pools: dict[tuple[int, str], Any] = {}

    @contextmanager
    def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: Body | None = None
    ) -> Iterator[BaseHTTPResponse]:
        """Send a request; the answer is yielded with its body unread, whatever its status.

        Waits where the host says for how long, and follows it to another address of the same
        scheme; who we are is told to the first host only.

        Raises:
            RemoteFailed: It did not answer, or not to the end.
            StorageFailed: Its certificate is not trusted, or it sends us to an unsafe place.
        """
        from urllib3 import exceptions

        try:
            response = self._answer(method, url, dict(headers), body)
        except exceptions.SSLError as error:
            raise untrusted_host(self._name, error) from None
        except (exceptions.HTTPError, ValueError) as error:
            raise broken(self._name, error) from None
        try:
            yield response
        except exceptions.HTTPError as error:
            response.close()
            raise broken(self._name, error) from None
        finally:
            self._done_with(response)

    def _answer(
        self, method: str, url: str, headers: dict[str, str], body: Body | None
    ) -> BaseHTTPResponse:
        hops = waits = 0
        while True:
            response = self._once(method, url, headers, body)
            pause = retry_after(response.headers) if response.status in _BUSY else None
            if pause is not None and waits < _WAITS:
                waits += 1
                self._done_with(response)
                self._sleep(pause)
            elif response.status in _MOVED and response.headers.get("Location") and hops < _HOPS:
                hops += 1
                self._done_with(response)
                there = urljoin(url, response.headers["Location"])
                refuse_address(self._name, there, like=url)
                headers = headers if origin(there) == origin(url) else _anonymous(headers)
                url = there
            else:
                return response

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], body: Body | None
    ) -> BaseHTTPResponse:
        response: BaseHTTPResponse = self._pool(url).request(
            method,
            url,
            body=body() if body else None,
            headers={"User-Agent": "mlgit", "Accept-Encoding": "identity", **headers},
            preload_content=False,
            decode_content=False,
            redirect=False,
            retries=False,
        )
        return response

    def _done_with(self, response: BaseHTTPResponse) -> None:
        """Keep the connection where its answer was read to the end, close it otherwise."""
        if response.closed or response.length_remaining == 0:
            response.release_conn()
        else:
            response.close()

    def _pool(self, url: str) -> Any:
        proxy = self._network.proxy or _proxy_for(url)
        key = os.getpid(), proxy
        if key not in self._pools:
            self._pools[key] = _make_pool(proxy, self._network.authorities)
        return self._pools[key]


def origin(url: str) -> tuple[str, str]:
    """(scheme, host and port) of a URL."""
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower()


def _anonymous(headers: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key.lower() != "authorization"}


def _proxy_for(url: str) -> str:
    """The proxy that the environment names for this address."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    known = getproxies()
    found = known.get(parts.scheme) or known.get("all", "")
    return "" if not found or proxy_bypass(parts.hostname or "") else found


def _make_pool(proxy: str, authorities: str) -> Any:
    from urllib3 import PoolManager, ProxyManager, Timeout
    from urllib3.util import make_headers, parse_url

    common: dict[str, Any] = {
        "timeout": Timeout(connect=_CONNECT, read=_IDLE),
        "maxsize": 32,
        "blocksize": _BLOCK,
        "ca_certs": authorities or None,
    }
    if not proxy:
        return PoolManager(**common)
    place = proxy if "://" in proxy else f"http://{proxy}"
    login = parse_url(place).auth
    own = make_headers(proxy_basic_auth=login) if login else None
    return ProxyManager(place, proxy_headers=own, **common)
