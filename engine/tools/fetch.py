"""HTTP requests. Any answer that arrives is a result, whatever its status; only no answer fails the task.

One client per executor, and nothing carried from one request to the next: no cookies, no credentials to another
origin. Proxies and certificates come from HTTPS_PROXY, HTTP_PROXY, NO_PROXY and SSL_CERT_FILE. With
HIGHWAY_PUBLIC_ONLY only public addresses are asked, and no proxy is used (`public_transport.py`).
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import ssl
import time
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, TypedDict, Unpack

import httpx

from ..errors import ErrorInfo, TaskFailure
from ..keys import JsonValue
from .context import current, current_log
from .public_transport import NotPublicError, PublicTransport, is_public_only
from .spec import tool

BODY_CAP: Final = 16 * 1024 * 1024
"""Bytes of a body, unpacked."""
REDIRECT_CAP: Final = 10
DEFAULT_TIMEOUT_S: Final = 30.0

_HARMLESS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "connection",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    }
)
"""Request headers that may follow a redirect to another origin; any other one may be a credential."""
_STATUS: Final = re.compile(r"[1-9][0-9]{2}|[1-5]xx")
_SLOW_CODECS: Final = frozenset({"idna", "punycode"})
"""Their time grows with the square of what a server sends."""


class Options(TypedDict, total=False):
    """What every request takes besides its URL."""

    headers: dict[str, str]
    params: dict[str, str | int | float | bool | None]
    """Added to the URL's query."""
    json: JsonValue
    """Sent as JSON; null too, where it is given."""
    data: str | dict[str, JsonValue]
    """A map is sent as a form, a text as it is."""
    timeout: float | None
    """Seconds for the whole exchange, redirects included; 30 unless given, None waits for ever."""
    expect_status: int | str | list[int | str]
    """The statuses that are no failure, or classes of them (`2xx`); every one unless given."""


@tool("fetch.request")
async def request(method: str, url: str, **options: Unpack[Options]) -> JsonValue:
    """Send one request and return `{status, data, headers, url, elapsed}`.

    `data` is parsed where the answer calls itself JSON, else text; `url` is the last one after at most ten redirects;
    `elapsed` is in seconds. Fails with `E-FETCH` (no answer), `E-TOO-LARGE`, `E-STATUS` (not expected),
    `E-FETCH-SCHEME`, `E-ARGUMENTS`.
    """
    return await _request(method, url, options)


@tool("fetch.get")
async def get(url: str, **options: Unpack[Options]) -> JsonValue:
    """Send a GET; the rest as in `fetch.request`."""
    return await _request("GET", url, options)


@tool("fetch.post")
async def post(url: str, **options: Unpack[Options]) -> JsonValue:
    """Send a POST; the rest as in `fetch.request`."""
    return await _request("POST", url, options)


@tool("fetch.put")
async def put(url: str, **options: Unpack[Options]) -> JsonValue:
    """Send a PUT; the rest as in `fetch.request`."""
    return await _request("PUT", url, options)


@tool("fetch.patch")
async def patch(url: str, **options: Unpack[Options]) -> JsonValue:
    """Send a PATCH; the rest as in `fetch.request`."""
    return await _request("PATCH", url, options)


@tool("fetch.delete")
async def delete(url: str, **options: Unpack[Options]) -> JsonValue:
    """Send a DELETE; the rest as in `fetch.request`."""
    return await _request("DELETE", url, options)


async def _request(method: str, url: str, options: Options) -> JsonValue:
    """Check everything, then send."""
    expected = _statuses(options.get("expect_status"))
    timeout_s = _seconds(options.get("timeout", DEFAULT_TIMEOUT_S))
    client = current().resources.get(httpx.AsyncClient, _new_client, httpx.AsyncClient.aclose)
    outgoing = _build(client, method, url, options)
    shown = f"{outgoing.method} {_public(outgoing.url)}"
    started = time.monotonic()
    try:
        async with asyncio.timeout(timeout_s):
            response, body = await _exchange(client, outgoing)
    except TimeoutError as error:
        raise _failed("E-FETCH", f"{shown}: no answer within {timeout_s:g} s") from error
    except NotPublicError as error:
        raise TaskFailure(ErrorInfo(code="E-FETCH-PRIVATE", message=f"{shown}: {error}", retryable=False)) from error
    except httpx.LocalProtocolError as error:
        raise _refused(f"no valid request: {error}") from error
    except httpx.HTTPError as error:
        raise _failed("E-FETCH", f"{shown}: {_reason(error)}") from error
    elapsed = time.monotonic() - started
    current_log().line("info", f"{shown} → {response.status_code}, {len(body)} bytes in {elapsed:.3f} s")
    if expected and not {str(response.status_code), f"{response.status_code // 100}xx"} & set(expected):
        wanted = " or ".join(expected)
        raise _failed("E-STATUS", f"{shown} answered {response.status_code}, not {wanted}")
    return {
        "status": response.status_code,
        "data": _data(response, body),
        "headers": dict(response.headers),
        "url": str(response.request.url.copy_with(userinfo=b"")),
        "elapsed": round(elapsed, 6),
    }


def _new_client() -> httpx.AsyncClient:
    """Open a client that keeps connections, and nothing else."""
    public_only = is_public_only(current().environment)
    return httpx.AsyncClient(
        transport=PublicTransport() if public_only else None,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # takes none
        timeout=None,  # noqa: S113 - the exchange as a whole has its deadline
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
    )


def _build(client: httpx.AsyncClient, method: str, url: str, options: Options) -> httpx.Request:
    """Make the request; everything that httpx refuses is the author's argument."""
    unknown = sorted(set(options) - Options.__optional_keys__)
    if unknown:
        raise _refused(f"unknown argument {unknown[0]}; there are {', '.join(sorted(Options.__optional_keys__))}")
    if "json" in options and "data" in options:
        raise _refused("give json or data, not both")
    try:
        target = httpx.URL(url)
        if target.scheme not in {"http", "https"}:
            scheme = f"{target.scheme}:" if target.scheme else "a URL without scheme"
            message = f"only http: and https: are fetched, not {scheme}"
            raise TaskFailure(ErrorInfo(code="E-FETCH-SCHEME", message=message, retryable=False))
        if not target.host:
            raise _refused("the URL names no host")
        return client.build_request(
            method,
            target if "params" not in options else target.copy_merge_params(options["params"]),
            headers=_headers(options),
            **_body(options),
        )
    except (TypeError, ValueError, AttributeError, httpx.InvalidURL) as error:
        raise _refused(f"no valid request: {error}") from error


class _Body(TypedDict, total=False):
    """The one argument of httpx that carries the body."""

    content: str | bytes
    data: dict[str, JsonValue]


def _body(options: Options) -> _Body:
    """Choose how the body is sent."""
    if "json" in options:
        return {"content": json.dumps(options["json"], ensure_ascii=False, allow_nan=False, separators=(",", ":"))}
    data = options.get("data")
    if data is None:
        return {}
    return {"data": data} if isinstance(data, dict) else {"content": data}


def _headers(options: Options) -> httpx.Headers:
    """Return the headers as text; numbers are written as such. A JSON body is called so unless they say otherwise."""
    given: object = options.get("headers", {})
    if not isinstance(given, dict):
        raise _refused("headers are a map")
    headers = httpx.Headers({name: str(value) for name, value in given.items()})
    if "json" in options:
        headers.setdefault("content-type", "application/json")
    return headers


def _statuses(expected: int | str | list[int | str] | None) -> tuple[str, ...]:
    """Return the expected statuses and classes; empty where any is."""
    listed = expected if isinstance(expected, list) else [] if expected is None else [expected]
    statuses = tuple(str(status).lower() for status in listed)
    if not all(_STATUS.fullmatch(status) for status in statuses):
        raise _refused("expect_status is a status such as 200, a class such as 2xx, or a list of them")
    return statuses


def _seconds(timeout: float | None) -> float | None:
    """Return the timeout, which is positive."""
    if timeout is None:
        return None
    given: object = timeout  # a workflow may hold anything
    if isinstance(given, bool) or not isinstance(given, int | float) or not given > 0:
        raise _refused("timeout is a positive number of seconds, or null")
    return float(timeout)


async def _exchange(client: httpx.AsyncClient, outgoing: httpx.Request) -> tuple[httpx.Response, bytes]:
    """Send, follow redirects, and read the last body up to the cap."""
    for _ in range(REDIRECT_CAP + 1):
        response = await client.send(outgoing, stream=True, follow_redirects=False)
        try:
            following = response.next_request
            if following is None:
                return response, await _read(response)
        finally:
            await response.aclose()
        _drop_credentials(outgoing.url, following)
        outgoing = following
    raise _failed("E-FETCH", f"{outgoing.method} {_public(outgoing.url)}: more than {REDIRECT_CAP} redirects")


async def _read(response: httpx.Response) -> bytes:
    """Read the body, unpacked, up to the cap."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > BODY_CAP:
            shown = f"{response.request.method} {_public(response.request.url)}"
            raise _failed("E-TOO-LARGE", f"{shown}: the body is larger than {BODY_CAP // 1024**2} MiB")
    return bytes(body)


def _drop_credentials(origin: httpx.URL, following: httpx.Request) -> None:
    """Keep what may be a credential from another origin; httpx itself drops Authorization and Cookie only."""
    target = following.url
    if (origin.scheme, origin.host, origin.port) != (target.scheme, target.host, target.port):
        for name in set(following.headers) - _HARMLESS:
            del following.headers[name]


def _data(response: httpx.Response, body: bytes) -> JsonValue:
    """Return parsed JSON where the answer says that it is some, and is; text otherwise."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"application/json", "text/json"} or kind.endswith("+json"):
        try:
            parsed: JsonValue = json.loads(body, parse_constant=_no_number)
        except (ValueError, RecursionError):
            pass
        else:
            return parsed
    charset = response.charset_encoding or "utf-8"
    try:
        return body.decode("utf-8" if charset.lower() in _SLOW_CODECS else charset, "replace")
    except (LookupError, UnicodeError):
        return body.decode("utf-8", "replace")


def _no_number(name: str) -> JsonValue:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(name)


def _public(url: httpx.URL) -> str:
    """Return a URL fit for logs and errors: what may be secret in it is left out."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


def _reason(error: BaseException) -> str:
    """Return what the system said, which httpx hides two or three causes deep."""
    deepest: BaseException = error
    while (cause := deepest.__cause__ or deepest.__context__) is not None:
        deepest = cause
    if isinstance(deepest, ssl.SSLError):  # an OSError whose number is OpenSSL's, not the system's
        words = (deepest.reason or "TLS error").lower().replace("_", " ")
        detail = getattr(deepest, "verify_message", "")
        return f"{words}: {detail}" if detail else words
    if isinstance(deepest, OSError) and deepest.strerror:
        code = deepest.errno
        return os.strerror(code) if code is not None and code in errno.errorcode else deepest.strerror
    return str(error) or type(error).__name__


def _failed(code: str, message: str) -> TaskFailure:
    return TaskFailure(ErrorInfo(code=code, message=message))


def _refused(message: str) -> TaskFailure:
    """Fail the task: the same arguments never work."""
    return TaskFailure(ErrorInfo(code="E-ARGUMENTS", message=message, retryable=False))
