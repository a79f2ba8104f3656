"""The policy `public_only`: no request reaches this machine or its networks, however the host is spelled.

A name is resolved here, every address it has must be public, and the connection goes to the very address that was
checked, so that no second answer of a name server can lead elsewhere. Redirects come through here like everything else.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import httpx

VARIABLE: Final = "HIGHWAY_PUBLIC_ONLY"
"""Environment variable of the engine; `1`, `true` or `yes` turns the policy on."""

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class NotPublicError(Exception):
    """The host is, or has, an address that is not public."""


def is_public_only(environment: Mapping[str, str]) -> bool:
    """Say whether the policy is asked for."""
    return environment.get(VARIABLE, "").lower() in ("1", "true", "yes")


def is_public(address: _Address) -> bool:
    """Say whether an address is one of the public internet; one that carries another counts as that."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if address.teredo is not None:
            inner = address.teredo[1]
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


class PublicTransport(httpx.AsyncBaseTransport):
    """Sends requests to public addresses alone."""

    def __init__(self, permits: Callable[[_Address], bool] = is_public) -> None:
        """`permits` judges one address."""
        self._permits: Final = permits
        # Nothing is kept: a connection to an address was verified for one of the names that may share it.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._inner: Final = httpx.AsyncHTTPTransport(limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request to an address that was checked; NotPublicError before anything leaves."""
        host = request.url.host
        address = await self._checked(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await self._inner.handle_async_request(pinned)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _checked(self, host: str, port: int) -> str:
        """Resolve a host and return its first address."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "no valid name"
            raise httpx.ConnectError(reason) from error
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        for address in addresses:
            if not self._permits(address):
                raise NotPublicError(f"{address} is no public address, and only such are asked here")
        return str(addresses[0])
