"""Values while deciding: those of this turn, then a bounded cache, then one read from the store."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

from ..keys import JsonValue
from .values import ResultRef, StoredValue, store_value


class ValueCache:
    """Implements ValueReader. Owned by the engine thread; values that come out are not to be changed."""

    def __init__(
        self,
        fetch: Callable[[Iterable[ResultRef]], Mapping[str, JsonValue]],
        limit_bytes: int = 8 * 1024 * 1024,
    ) -> None:
        """`fetch` reads from the store; `limit_bytes` counts the JSON text of what is kept."""
        self._fetch = fetch
        self._limit = limit_bytes
        self._size = 0
        self._kept: OrderedDict[str, tuple[int, JsonValue]] = OrderedDict()
        self._fresh: dict[str, StoredValue] = {}

    def put(self, value: JsonValue) -> ResultRef | None:
        """Take a value in; null needs no place and gives None. ValueError or TypeError where JSON cannot say it."""
        if value is None:
            return None
        stored = store_value(value)
        ref = stored.ref
        self._fresh[ref.digest] = stored
        self._keep(ref, value)
        return ref

    def take_fresh(self) -> tuple[StoredValue, ...]:
        """Return what this turn added, for the transaction, and start the next turn."""
        fresh = tuple(self._fresh.values())
        self._fresh.clear()
        return fresh

    def read(self, ref: ResultRef | None) -> JsonValue:
        """Return the value of a reference; None gives None."""
        if ref is None:
            return None
        kept = self._kept.get(ref.digest)
        if kept is not None:
            self._kept.move_to_end(ref.digest)
            return kept[1]
        return self.read_many([ref])[0]

    def read_many(self, refs: Iterable[ResultRef | None]) -> list[JsonValue]:
        """Return values in order, the missing ones with one read."""
        wanted = list(refs)
        missing = {ref.digest: ref for ref in wanted if ref is not None and ref.digest not in self._kept}
        found: dict[str, JsonValue] = {}
        if missing:
            found.update(self._fetch(missing.values()))
        values = [
            None if ref is None else found[ref.digest] if ref.digest in found else self._kept[ref.digest][1]
            for ref in wanted
        ]
        for ref in missing.values():
            self._keep(ref, found[ref.digest])
        return values

    def _keep(self, ref: ResultRef, value: JsonValue) -> None:
        if ref.digest in self._kept:
            return
        self._kept[ref.digest] = (ref.size, value)
        self._size += ref.size
        while self._size > self._limit and len(self._kept) > 1:
            digest, (size, old) = self._kept.popitem(last=False)
            if digest in self._fresh:  # not saved yet, so it cannot be read back
                self._kept[digest] = (size, old)
                break
            self._size -= size
