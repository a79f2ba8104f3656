"""YAML text -> Document: plain data, and the place of every key and value.

PyYAML's event stream feeds a builder of ours: no recursion, limits kept while reading, no tags, no doubled keys, the
scalars of YAML 1.2. Keys are always text, as written. JSON is read the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import yaml

from .report import Place, Report
from .scalars import BadNumber, resolve
from .syntax import explain

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from ..keys import JsonValue

_Loader: Final[Callable[[str], _Events]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ANCHOR: Final = re.compile(r"&\S+\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a file may be; passing one is an error with a code of its own."""

    size_bytes: int = 16 * 1024 * 1024
    depth: int = 64
    """Lists and maps inside each other, aliases expanded."""
    aliases: int = 100
    nodes: int = 1_000_000
    """Values in all, aliases expanded."""
    tasks: int = 20_000


class _Mark(Protocol):
    """PyYAML's mark; all three count characters from 0."""

    index: int
    line: int
    column: int


class _Event(Protocol):
    """What every event of PyYAML has when it comes from a text."""

    start_mark: _Mark
    end_mark: _Mark


class _NodeEvent(_Event, Protocol):
    anchor: str | None
    tag: str | None


class _ScalarEvent(_NodeEvent, Protocol):
    value: str
    implicit: tuple[bool, bool]


class _Events(Protocol):
    """PyYAML's loaders, as far as they are used."""

    def get_event(self) -> yaml.Event: ...


class Spot:
    """Where a value stands, and for lists and maps where their parts do. Built once; then only names are added."""

    __slots__ = ("end", "keys", "parts", "raw", "start")

    def __init__(self, start: _Mark, end: _Mark | None = None, raw: str | None = None) -> None:
        """`end` is None for lists and maps without brackets; `raw` is the text of a scalar, None for the others."""
        self.start = start
        self.end = end
        self.raw = raw
        self.keys: dict[str, Spot] = {}
        self.parts: dict[str | int, Spot] = {}

    def find(self, *path: str | int) -> Spot:
        """Return the spot of the value at `path`, or of the deepest part of it that exists."""
        spot = self
        for step in path:
            inner = spot.parts.get(step)
            if inner is None:
                break
            spot = inner
        return spot

    def rename(self, written: str, name: str) -> None:
        """Let `name` lead to what stands under the key `written`: another spelling of the same key."""
        self.parts[name] = self.parts[written]
        self.keys[name] = self.keys[written]

    def key(self, *path: str | int) -> Spot:
        """Return the spot of the key at the end of `path`; the value's own where it has none."""
        outer = self.find(*path[:-1])
        return outer.keys.get(str(path[-1])) or self.find(*path)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document whose top level is a map."""

    text: str
    data: dict[str, JsonValue]
    """Nobody changes it; aliased parts are shared."""
    spot: Spot

    def place(self, spot: Spot, offset: int | None = None, length: int = 0) -> Place:
        """Return the place of a value, or of `length` characters of its text from `offset`."""
        line, column, index = spot.start.line, spot.start.column, spot.start.index
        if offset is not None and spot.raw is not None and spot.end is not None:
            found = self._within(spot, spot.raw, offset, length)
            if found is not None:
                return found
        if spot.raw is not None and (anchor := _ANCHOR.match(self.text, index)):
            column += anchor.end() - index
        if spot.end is not None and spot.end.line == line:
            return Place(line + 1, column + 1, spot.end.column + 1)
        rest = self.text[index : self._line_end(index)].partition(" #")[0].rstrip()
        return Place(line + 1, column + 1, spot.start.column + 1 + len(rest))

    def _within(self, spot: Spot, value: str, offset: int, length: int) -> Place | None:
        """Find a piece of a scalar in the source: the same piece, counted from the scalar's start, in the same turn.

        Escapes and folded lines make the source differ from the value, but a piece without them stands there as it is.
        """
        piece = value[offset : offset + length].partition("\n")[0]
        if not piece or spot.end is None:
            return None
        turn, at = 0, value.find(piece)
        while 0 <= at < offset:
            turn, at = turn + 1, value.find(piece, at + 1)
        index = spot.start.index - 1
        for _ in range(turn + 1):
            index = self.text.find(piece, index + 1, spot.end.index)
            if index < 0:
                return None
        line = spot.start.line + self.text.count("\n", spot.start.index, index)
        column = index - (self.text.rfind("\n", 0, index) + 1)
        return Place(line + 1, column + 1, column + 1 + len(piece))

    def _line_end(self, index: int) -> int:
        end = self.text.find("\n", index)
        return len(self.text) if end < 0 else end


class Refused(Exception):
    """Reading cannot go on. The text is no document; the report says why."""


def parse(text: str, report: Report, limits: Limits) -> Document:
    """Read one YAML or JSON document. What can be read past (tags, doubled keys) is reported; else Refused."""
    builder = _Builder(text, report, limits)
    try:
        builder.take_all(_Loader(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message, fix, place = explain(error, text, mark)
        report.add("E-YAML", message, place, fix)
        raise Refused from error
    except yaml.YAMLError as error:
        report.add("E-YAML", f"the file is no YAML: {' '.join(str(error).split())}", Place())
        raise Refused from error
    return builder.finish()


class _Frame:
    """A list or map that is still open."""

    __slots__ = ("anchor", "height", "key", "key_spot", "merges", "nodes", "spot", "value")

    def __init__(self, value: list[JsonValue] | dict[str, JsonValue], spot: Spot, anchor: str | None) -> None:
        self.value = value
        self.spot = spot
        self.anchor = anchor
        self.key: str | None = None
        self.key_spot: Spot | None = None
        self.merges: list[tuple[JsonValue, Spot]] = []
        self.nodes = 1
        self.height = 1


class _Anchored:
    """A value that aliases may repeat; `height` is None while it is still open."""

    __slots__ = ("height", "nodes", "spot", "value")

    def __init__(self, value: JsonValue, spot: Spot, nodes: int, height: int | None) -> None:
        self.value = value
        self.spot = spot
        self.nodes = nodes
        self.height = height


class _Builder:
    """Turns events into data, one at a time. Lives for one document."""

    def __init__(self, text: str, report: Report, limits: Limits) -> None:
        self._text = text
        self._report = report
        self._limits = limits
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._documents = 0
        self._aliases = 0
        self._root: tuple[JsonValue, Spot] | None = None
        self._take: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open_map,
            yaml.SequenceStartEvent: self._open_list,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }

    def take_all(self, events: _Events) -> None:
        """Add what every event says, one by one; Refused at a limit."""
        next_event, takers = events.get_event, self._take
        while True:
            event = next_event()
            take = takers.get(type(event))
            if take is not None:
                take(event)
            elif type(event) is yaml.StreamEndEvent:
                return

    def finish(self) -> Document:
        """Return the document; Refused when there is none or it is no map."""
        if self._root is None or self._root[0] is None:
            self._refuse("E-EMPTY", "the file holds no workflow", Place(), "write at least `tasks:` with one task")
        data, spot = self._root
        document = Document(self._text, data if isinstance(data, dict) else {}, spot)
        if not isinstance(data, dict):
            kind = "a list" if isinstance(data, list) else "a single value"
            self._refuse("E-TYPE", f"expected a map with the keys of a workflow, got {kind}", document.place(spot))
        return document

    def _refuse(self, code: str, message: str, place: Place, fix: str | None = None) -> NoReturn:
        self._report.add(code, message, place, fix)
        raise Refused(code)

    def _at(self, event: _Event) -> Place:
        start, end = event.start_mark, event.end_mark
        return Place(start.line + 1, start.column + 1, end.column + 1 if end.line == start.line else start.column + 1)

    def _document(self, event: _Event) -> None:
        self._documents += 1
        if self._documents > 1:
            message = "the file holds more than one YAML document"
            self._refuse("E-MULTIDOC", message, self._at(event), "write each workflow to a file of its own")

    def _scalar(self, event: _ScalarEvent) -> None:
        text = event.value
        spot = Spot(event.start_mark, event.end_mark, text)
        value: JsonValue = text
        frame = self._stack[-1] if self._stack else None
        is_key = frame is not None and frame.key is None and type(frame.value) is dict
        if event.tag is not None:
            self._tag(event)
        elif event.implicit[0] and not is_key:
            try:
                value = resolve(text)
            except BadNumber as error:
                self._report.add("E-NUMBER", str(error), self._at(event), "put it in quotes to make it text")
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, spot, 1, 0)
        self._add(value, spot, 1, 0)

    def _tag(self, event: _NodeEvent) -> None:
        tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
        start = event.start_mark
        place = Place(start.line + 1, start.column + 1, start.column + 1 + len(tag))
        self._report.add("E-TAG", f"the tag `{tag}` is not allowed", place, "remove the tag")

    def _open_map(self, event: _NodeEvent) -> None:
        self._open({}, event)

    def _open_list(self, event: _NodeEvent) -> None:
        self._open([], event)

    def _open(self, value: dict[str, JsonValue] | list[JsonValue], event: _NodeEvent) -> None:
        if event.tag is not None:
            self._tag(event)
        if len(self._stack) >= self._limits.depth:
            self._too_deep(event)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.key is None and type(frame.value) is dict:
            message = f"a key must be text, not {'a map' if isinstance(value, dict) else 'a list'}"
            fix = "put the template in quotes" if self._text.startswith("{{", event.start_mark.index - 1) else None
            self._refuse("E-KEY", message, self._at(event), fix)
        spot = Spot(event.start_mark)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, spot, 1, None)
        self._stack.append(_Frame(value, spot, event.anchor))

    def _too_deep(self, event: _Event) -> NoReturn:
        message = f"lists and maps are nested more than {self._limits.depth} deep"
        self._refuse("E-DEPTH", message, self._at(event))

    def _close(self, event: _Event) -> None:
        frame = self._stack.pop()
        if self._text.startswith(("[", "{"), frame.spot.start.index):
            frame.spot.end = event.end_mark
        if frame.merges and isinstance(frame.value, dict):
            for value, spot in frame.merges:
                self._merge(frame.value, frame.spot, value, spot)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchored(frame.value, frame.spot, frame.nodes, frame.height)
        self._add(frame.value, frame.spot, frame.nodes, frame.height)

    def _alias(self, event: _NodeEvent) -> None:
        self._aliases += 1
        place = self._at(event)
        if self._aliases > self._limits.aliases:
            self._refuse("E-ALIASES", f"the file uses more than {self._limits.aliases} aliases", place)
        anchored = self._anchors.get(event.anchor or "")
        if anchored is None:
            self._refuse("E-ALIAS", f"the alias `*{event.anchor}` names no anchor", place, self._star(event))
        if anchored.height is None:
            self._refuse("E-ALIAS-CYCLE", f"the alias `*{event.anchor}` stands inside its own anchor", place)
        if len(self._stack) + anchored.height > self._limits.depth:
            self._too_deep(event)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.key is None and type(frame.value) is dict:
            self._refuse("E-KEY", "a key must be text, not an alias", place)
        self._add(anchored.value, anchored.spot, anchored.nodes, anchored.height)

    @staticmethod
    def _star(event: _NodeEvent) -> str:
        return f"put `*{event.anchor}` in quotes if it is text"

    def _add(self, value: JsonValue, spot: Spot, nodes: int, height: int) -> None:
        """Put a finished value where it belongs; `nodes` and `height` are its own, aliases expanded."""
        if not self._stack:
            self._root = (value, spot)
            return
        frame = self._stack[-1]
        frame.nodes += nodes
        if height >= frame.height:
            frame.height = height + 1
        target = frame.value
        if frame.nodes > self._limits.nodes:
            message = f"the file holds more than {self._limits.nodes:,} values, aliases expanded"
            self._refuse("E-NODES", message, Place(spot.start.line + 1, spot.start.column + 1, spot.start.column + 1))
        if type(target) is list:
            frame.spot.parts[len(target)] = spot
            target.append(value)
        elif frame.key is None:
            frame.key, frame.key_spot = spot.raw, spot
        else:
            self._add_pair(frame, value, spot)

    def _add_pair(self, frame: _Frame, value: JsonValue, spot: Spot) -> None:
        key, key_spot, target = frame.key, frame.key_spot, frame.value
        frame.key = None
        if key is None or key_spot is None or not isinstance(target, dict):  # never: `_add` filled all three
            return
        if key == "<<":
            frame.merges.append((value, spot))
        elif key in target:
            first = frame.spot.keys[key].start.line + 1
            place = Place(key_spot.start.line + 1, key_spot.start.column + 1, key_spot.start.column + 1 + len(key))
            self._report.add("E-DUPLICATE-KEY", f"the key `{key}` is there twice, first on line {first}", place)
        else:
            target[key] = value
            frame.spot.keys[key] = key_spot
            frame.spot.parts[key] = spot

    def _merge(self, target: dict[str, JsonValue], target_spot: Spot, value: JsonValue, spot: Spot) -> None:
        """Fill the keys of `target` that are missing from the maps behind `<<`; earlier maps win."""
        maps = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for position, source in maps:
            source_spot = spot if position is None else spot.find(position)
            if not isinstance(source, dict):
                start = source_spot.start
                place = Place(start.line + 1, start.column + 1, start.column + 1)
                self._report.add("E-TYPE", "expected a map or a list of maps behind `<<`", place)
                continue
            for key, inner in source.items():
                if key not in target:
                    target[key] = inner
                    target_spot.keys[key] = source_spot.keys[key]
                    target_spot.parts[key] = source_spot.parts[key]
