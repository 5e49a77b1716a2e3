"""Messages of a queue become changes: docs/message-format.md of the relay. Pure.

`QueueReader.read` gives the changes of a message, or None for what brings none: a repeat, a table that is not wanted,
progress. It raises LakeError for what it cannot read to the letter, naming topic, queue and offset.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from .errors import LakeError
from .kinds import COPY_BEGIN, COPY_END, ROW_KINDS, STATEMENT, UPDATE
from .patterns import ALL_TABLES, TableFilter
from .remoting import Message, Queue
from .torn import TornInRow, torn_because

KNOWN_MARKS = ("oversize", "partial", "invalidText")
FORMAT = "canal-json"
_NUMBER = re.compile(r"[0-9]{1,18}")
TORN = "the broker has a part of this message only, as when it was killed while it stored it; dropped, it comes again"
_TAGS_WITHOUT_ROWS = ("ddl", "copy", "progress")


@dataclass(frozen=True, slots=True)
class LanePosition:
    """The newest message of a lane, within one stream."""

    epoch: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands on a message beside its body. `resume`: only on the first of its lane in an epoch."""

    stream: str
    lane: str
    position: LanePosition
    resume: str | None
    kind: str
    rows: int
    database: str
    table: str
    marks: tuple[str, ...]
    copy: str | None
    copy_mark: str | None
    lanes: int | None

    @property
    def lane_key(self) -> tuple[str, str]:
        return (self.stream, self.lane)


@dataclass(frozen=True, slots=True)
class Change:
    """`row`: after the change, for a DELETE before it. `old`: UPDATE only, previous values of what changed."""

    id: str
    index: int
    kind: str
    row: dict[str, str | None]
    old: dict[str, str | None] | None


@dataclass
class Changes:
    """What one message brings: rows of one table and one kind; or a statement, or a mark of a copy, without rows.

    `kind`: see landed.py. `data`: each row as the text of a JSON object, after the change, for a DELETE before it.
    `old`: the same, previous values of the columns that changed; None unless UPDATE. `key`: names of the primary key's
    columns, None without one. `types`: the declared type of each column. `more`: what else the body says, the same for
    all rows; `invalid`: by the place of a row in `data`, its entry of invalidText without the place.
    """

    facts: Facts
    offset: int
    kind: str
    database: str
    table: str
    source: str
    entries: list[str]
    gtid: str
    committed_ms: int
    key: list[str] | None
    types: dict[str, str] | None
    data: list[str]
    old: list[str] | None
    more: dict[str, Any]
    invalid: dict[int, dict[str, Any]] = field(default_factory=dict)
    sql: str | None = None

    @cached_property
    def ids(self) -> list[str]:
        return [f"{self.source}:{entry}" for entry in self.entries]

    def rows(self) -> Iterator[Change]:
        """The rows, parsed."""
        for index, (id, text) in enumerate(zip(self.ids, self.data, strict=True)):
            old = None if self.old is None else json.loads(self.old[index])
            yield Change(id, index, self.kind, json.loads(text), old)


class LaneGate:
    """Decides what of a lane is new, and sees when something of it is missing ("Reading it exactly once")."""

    def __init__(
        self, positions: Mapping[tuple[str, str], LanePosition] | None = None, judges_gaps: bool = True
    ) -> None:
        self.positions: dict[tuple[str, str], LanePosition] = dict(positions or {})
        self._judges_gaps = judges_gaps

    def judge(self, facts: Facts, place: str) -> str:
        """`first`: nothing is known of the lane. `new`. `epoch`: a later run begins. `repeat`: to be dropped.

        Raises TOPIC_GAP. What is to be read counts as such by `passed`.
        """
        known = self.positions.get(facts.lane_key)
        verdict = self._verdict(known, facts.position)
        if verdict == "gap" and known is not None:
            due = known.sequence + 1 if facts.position.epoch == known.epoch else 1
            raise LakeError(
                "TOPIC_GAP",
                f"{place}: in lane {facts.lane} message {facts.position.sequence} of epoch {facts.position.epoch} came"
                f" where {due} was due; the last one before it was {known.sequence} of epoch {known.epoch}.",
            )
        return verdict

    def passed(self, facts: Facts) -> None:
        self.positions[facts.lane_key] = facts.position

    def knows_other_stream(self, facts: Facts) -> bool:
        """Another relay was read in this lane, or the same before it lost its checkpoint."""
        return any(lane == facts.lane and stream != facts.stream for stream, lane in self.positions)

    def _verdict(self, known: LanePosition | None, next: LanePosition) -> str:
        if known is None:
            return "first"
        if next.epoch < known.epoch or (next.epoch == known.epoch and next.sequence <= known.sequence):
            return "repeat"
        if next.epoch > known.epoch:
            return "gap" if self._judges_gaps and next.sequence != 1 else "epoch"
        return "gap" if self._judges_gaps and next.sequence != known.sequence + 1 else "new"


class QueueReader:
    """Of one queue, in its order.

    `positions`: of its lanes, as `gate.positions` had them when reading ended before. `judges_gaps`: False when the
    broker filters by tags, so that not every message comes here. `accepted_marks`: of KNOWN_MARKS; rows with another
    one stop. `on_epoch`: called with the facts and the offset of a message before anything of it is known, when a later
    run of the relay begins in its lane, or another relay: changes from `facts.resume` on come again, with their ids.
    `on_torn`: called with the place of a message that the broker has in part only, and what it lacks: such a message is
    dropped, and comes again. By default it is a warning of `logging`.
    """

    def __init__(
        self,
        topic: str,
        queue: Queue,
        *,
        tables: TableFilter = ALL_TABLES,
        accepted_marks: Collection[str] = (),
        positions: Mapping[tuple[str, str], LanePosition] | None = None,
        judges_gaps: bool = True,
        on_epoch: Callable[[Facts, int], None] | None = None,
        on_torn: Callable[[str, str], None] | None = None,
    ) -> None:
        self._on_epoch = on_epoch
        self._on_torn = on_torn or _warn_of_torn
        self._torn = TornInRow()
        self._place = f"Topic {topic}, queue {queue}, offset "
        self._tables = tables
        self._accepted = frozenset(accepted_marks)
        self.gate = LaneGate(positions, judges_gaps)
        self.repeats = 0
        self._heads: dict[str, dict[str, Any]] = {}

    def place_of(self, message: Message) -> str:
        tag = message.tag.partition("\x00")[0]
        return f"{self._place}{message.offset} (tag {tag})"

    def read(self, message: Message) -> Changes | None:
        place = self.place_of(message)
        why = torn_because(message)
        if why is not None:
            self._torn.torn(why, place)
            self._on_torn(place, why)
            return None
        self._torn.whole()
        facts = facts_of(message, place)
        verdict = self.gate.judge(facts, place)
        if verdict == "repeat":
            self.repeats += 1
            return None
        if self._on_epoch is not None and (
            verdict == "epoch" or (verdict == "first" and self.gate.knows_other_stream(facts))
        ):
            self._on_epoch(facts, message.offset)
        changes = self._changes(message, facts, place)
        self.gate.passed(facts)
        return changes

    def _changes(self, message: Message, facts: Facts, place: str) -> Changes | None:
        if facts.rows == 0:
            return self._without_rows(message, facts, place)
        if not self._tables.includes(facts.database, facts.table):
            return None
        require_marks(facts.marks, self._accepted, place)
        try:
            return body_of(message.body, facts, message.offset, self._heads)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise LakeError("MESSAGE_UNREADABLE", f"{place}: its body is none of the relay: {error}.") from error

    def _without_rows(self, message: Message, facts: Facts, place: str) -> Changes | None:
        if message.tag == "progress":
            return None
        if message.tag not in _TAGS_WITHOUT_ROWS:
            raise LakeError("MESSAGE_UNKNOWN", f"{place}: it has no rows, and its tag is not known to this package.")
        try:
            changes = announced_of(message.body, facts, message.offset)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LakeError("MESSAGE_UNREADABLE", f"{place}: its body is none of the relay: {error}.") from error
        return changes if self._concerns(changes) else None

    def _concerns(self, changes: Changes) -> bool:
        if changes.kind != STATEMENT:
            return self._tables.includes(changes.database, changes.table)
        tables = changes.more["tables"]
        # One that names no table was not understood: it may be about any.
        return not tables or any(self._tables.may_include(database, table) for database, table in tables)


def _warn_of_torn(place: str, why: str) -> None:
    logging.getLogger(__package__).warning("%s: %s: %s", place, why, TORN)


def facts_of(message: Message, place: str) -> Facts:
    """Raises MESSAGE_UNREADABLE for what is no message of the relay, MESSAGE_UNKNOWN for what a newer one sends."""
    properties = message.properties

    def text(name: str) -> str:
        value = properties.get(name)
        if not value:
            raise LakeError("MESSAGE_UNREADABLE", f"{place}: no message of binlog-relay, it has no property {name}.")
        return value

    def number(name: str) -> int:
        value = text(name)
        if _NUMBER.fullmatch(value) is None:
            raise LakeError(
                "MESSAGE_UNREADABLE",
                f"{place}: no message of binlog-relay, its property {name} is '{value}', which is no number.",
            )
        return int(value)

    lane = properties.get("__SHARDINGKEY")
    if not lane:
        raise LakeError("MESSAGE_UNREADABLE", f"{place}: no message of binlog-relay, it has no message group.")
    if text("format") != FORMAT:
        raise LakeError(
            "MESSAGE_UNKNOWN",
            f"{place}: it has the format {properties['format']}, and this package reads {FORMAT}.",
            f"Have the relay publish {FORMAT} to a topic for it, or use a version that knows the format.",
        )
    position = LanePosition(number("epoch"), number("sequence"))
    rows = number("rows")
    if rows > 0 and text("kind") not in ROW_KINDS:
        raise LakeError("MESSAGE_UNKNOWN", f"{place}: it has rows of kind {properties['kind']}.")
    marks = properties.get("marks")
    resume = properties.get("resume")
    return Facts(
        text("stream"),
        lane,
        position,
        None if resume is None else unquote(resume),
        text("kind"),
        rows,
        unquote(text("schema")),
        unquote(text("table")),
        tuple(marks.split(",")) if marks else (),
        properties.get("copy"),
        properties.get("copyMark"),
        number("lanes") if "lanes" in properties else None,
    )


def require_marks(marks: Collection[str], accepted: Collection[str], place: str) -> None:
    for mark in marks:
        if mark not in KNOWN_MARKS:
            raise LakeError(
                "MESSAGE_UNKNOWN", f"{place}: its rows are marked '{mark}', which this package does not know."
            )
        if mark not in accepted:
            raise LakeError(
                "MESSAGE_MARKED",
                f"{place}: its rows are marked '{mark}', so that values in them are not MySQL's"
                ' (docs/message-format.md, "Marked messages").',
                f"Have the relay publish whole rows, or take what comes: add {mark} to marks.accept.",
            )


_FIRST_NAME = re.compile(r'\{"([^"\\,:}\]\s\x00-\x1f](?:[^"\\]|\\.)*)":')


def body_of(body: bytes, facts: Facts, offset: int, heads: dict[str, dict[str, Any]]) -> Changes:
    """The rows of a message as texts, cut out of the body where it is as the relay writes it; otherwise parsed.

    `heads`: what was read of the beginnings of bodies, which are the same for all messages of a kind and a table.
    Raises ValueError and its like for what is no such body.
    """
    text = body.decode()
    cut = _cut(text)
    if cut is None:
        return _whole(text, facts, offset)
    head_text, data, old, tail = cut
    head = heads.get(head_text)
    if head is None:
        if len(heads) >= 1000:
            heads.clear()
        head = heads[head_text] = json.loads(head_text + "}")
    data_texts = _split(data)
    old_texts = None if old is None else _split(old)
    rows = len(tail["changes"])
    if (
        data_texts is None
        or len(data_texts) != rows
        or (old is not None and (old_texts is None or len(old_texts) != rows))
    ):
        return _whole(text, facts, offset)
    return _assembled(head | tail, data_texts, old_texts, facts, offset)


def _cut(body: str) -> tuple[str, str, str | None, dict[str, Any]] | None:
    """Head, the inside of `data`, the inside of `old`, and the rest parsed. None when it is in another order.

    No quote of a key can be found inside of a text, where it would stand behind a backslash; and rows hold nothing but
    texts and null, so that none of their keys is followed by a bracket.
    """
    data_at = body.find(',"data":[')
    old_at = body.find('],"old":', data_at + 9)
    changes_at = body.find(',"changes":[', old_at + 8)
    if data_at < 0 or old_at < 0 or changes_at < 0:
        return None
    old = body[old_at + 8 : changes_at]
    if old == "null":
        inside = None
    elif old[:1] == "[" and old[-1:] == "]":
        inside = old[1:-1]
    else:
        return None
    return body[:data_at], body[data_at + 9 : old_at], inside, json.loads("{" + body[changes_at + 1 :])


def _split(rows: str) -> list[str] | None:
    """The objects in a list of flat objects that begin with the same key. None when that is not certain.

    `},{"id":` separates rows: inside of a text its first quote would have to end that text, and then neither a letter
    nor a digit can follow.
    """
    match = _FIRST_NAME.match(rows)
    if match is None or rows[-1:] != "}":
        return None
    beginning = match[0]
    return [beginning + rest + "}" for rest in rows[len(beginning) : -1].split("}," + beginning)]


def _whole(body: str, facts: Facts, offset: int) -> Changes:
    parsed = json.loads(body)
    data, old = parsed["data"], parsed["old"]
    if not isinstance(data, list) or len(data) != len(parsed["changes"]) or (old is not None and len(old) != len(data)):
        raise ValueError("it has not as many rows as changes")
    return _assembled(parsed, _texts(data), None if old is None else _texts(old), facts, offset)


def _texts(rows: list[Any]) -> list[str]:
    for row in rows:
        if not isinstance(row, dict) or not all(value is None or isinstance(value, str) for value in row.values()):
            raise ValueError("a row has values that are neither texts nor null")
    return [json.dumps(row, separators=(",", ":")) for row in rows]


_SAID_ELSEWHERE = frozenset(
    (
        *("type", "database", "table", "pkNames", "isDdl", "sql", "mysqlType", "sqlType", "source", "data", "old"),
        *("changes", "invalidText", "gtid", "es", "ts", "id"),
    )
)


def _assembled(body: dict[str, Any], data: list[str], old: list[str] | None, facts: Facts, offset: int) -> Changes:
    kind = body["type"]
    if kind not in ROW_KINDS or kind != facts.kind or len(data) != facts.rows:
        raise ValueError(f"it has {len(data)} rows of type {kind}, and the message says {facts.rows} of {facts.kind}")
    if (old is None) != (kind != UPDATE):
        raise ValueError(f"its old does not fit the type {kind}")
    invalid = {
        entry["row"]: {name: columns for name, columns in entry.items() if name != "row"}
        for entry in body.get("invalidText", ())
    }
    more = {name: value for name, value in body.items() if name not in _SAID_ELSEWHERE}
    return Changes(
        facts,
        offset,
        kind,
        body["database"],
        body["table"],
        body["source"],
        body["changes"],
        body["gtid"],
        int(body["es"]),
        body["pkNames"],
        body["mysqlType"],
        data,
        old,
        more,
        invalid,
    )


def announced_of(body: bytes, facts: Facts, offset: int) -> Changes:
    """A statement, or where the copy of a table begins or ends."""
    parsed = json.loads(body)
    more = {"lanes": facts.lanes, "position": parsed["position"]}
    if facts.copy_mark is None:
        kind = STATEMENT
        more |= {"type": parsed["type"], "tables": parsed["tables"]}
    else:
        kind = {"begin": COPY_BEGIN, "end": COPY_END}[facts.copy_mark]
        more |= {name: value for name, value in parsed["copy"].items() if name != "id"}
    return Changes(
        facts,
        offset,
        kind,
        parsed["database"],
        parsed["table"],
        parsed["source"],
        list(parsed["changes"]),
        parsed["gtid"],
        int(parsed["es"]),
        None,
        None,
        [],
        None,
        more,
        sql=parsed["sql"],
    )
