"""HTTP requests: what no server could be asked. Values with holes are looked at when the request is built."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .canonical import BAD
from .models import HttpTask

if TYPE_CHECKING:
    from .context import Context
    from .items import Item

_SCHEME: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_CLASS: Final = re.compile(r"[1-5]xx\Z", re.IGNORECASE)
_STATUSES: Final = range(100, 600)


def check_requests(context: Context) -> None:
    """Report every option of every request that cannot work."""
    for item in context.items():
        if isinstance(item.operator, HttpTask):
            _check(context, item, item.operator)


def _check(context: Context, item: Item, task: HttpTask) -> None:
    if task.url != BAD:
        _check_url(context, item, task.url)
    if "{{" not in task.method and not _TOKEN.match(task.method):
        context.add("E-VALUE", f"`{task.method}` is no HTTP method", item.spot.find("method"))
    for name in task.headers:
        if not _TOKEN.match(name):
            context.add("E-VALUE", f"`{name}` cannot be the name of a header", item.spot.key("headers", name))
    if task.json_ is not None and task.body is not None:
        context.add("E-VALUE", "a request has one body: `json` or `body`", item.spot.key("body"), "remove one of them")
    expected = task.expect_status
    if expected is not None and expected != BAD:
        statuses = expected if isinstance(expected, list) else [expected]
        if not statuses or not all(_is_status(status) for status in statuses):
            message = "`expect_status` takes statuses from 100 to 599, and classes such as `2xx`"
            context.add("E-VALUE", message, item.spot.find("expect_status"))


def _check_url(context: Context, item: Item, url: str) -> None:
    head, hole, _ = url.partition("{{")
    scheme = _SCHEME.match(head)
    if scheme is None and not hole:
        context.add("E-VALUE", "the URL has no scheme", item.spot.find("url"), f"write `https://{url.lstrip('/')}`")
    elif scheme is not None and scheme[1].lower() not in ("http", "https"):
        context.add("E-VALUE", f"only http: and https: are fetched, not `{scheme[1]}:`", item.spot.find("url"))


def _is_status(status: object) -> bool:
    if isinstance(status, str):
        return _CLASS.match(status) is not None
    return isinstance(status, int) and not isinstance(status, bool) and status in _STATUSES
