"""Lands one queue: from where its files end to the next file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from . import landed, repeats
from .builder import FileBuilder
from .changes import TORN, Facts, LanePosition, QueueReader
from .errors import LakeError
from .landed import LANES_KEY, LandedFile
from .log import Log
from .patterns import TableFilter
from .remoting import Message, Queue
from .target import Target

_ROLL_ROWS = 1_000_000
_EMPTY_FILE_AFTER_S = 3600.0
_MOST_KNOWN = 2_000_000


@dataclass(frozen=True, slots=True)
class Rules:
    """When files end. `bytes`: of a file, about. `memory`: of all files that are being made."""

    bytes: int = 128 << 20
    age_s: float = 300
    memory: int = 512 << 20


@dataclass
class Counts:
    messages: int = 0
    bytes: int = 0
    rows: int = 0
    repeated_messages: int = 0
    repeated_changes: int = 0
    torn_messages: int = 0
    files: int = 0
    file_bytes: int = 0
    backlog: dict[Queue, int] = field(default_factory=dict)
    newest_ms: int = 0
    """Commit time of the newest change that was landed."""
    landed_at: float = 0
    """When a file was landed last, seconds since 1970."""
    problem: str = ""
    """What is waited for; empty when all is well."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A lane in which changes may come again. `offset`: where that began."""

    offset: int
    resume: str


class QueueLander:
    """One queue: from where its files end to the next file. Not for several threads."""

    def __init__(
        self,
        topic: str,
        queue: Queue,
        target: Target,
        start: int,
        lanes: Mapping[tuple[str, str], tuple[LanePosition, Suspect | None]],
        *,
        tables: TableFilter,
        accepted_marks: frozenset[str],
        counts: Counts,
        log: Log,
        publish: Callable[[str, pa.Buffer], None],
        day: Callable[[], str],
    ) -> None:
        self.queue = queue
        self.start = start
        self.at = start
        self.since: float | None = None
        """Monotonic seconds of the first message that the file will have."""
        self._target = target
        self._counts = counts
        self._log = log
        self._publish = publish
        self._day = day
        self._suspects = {key: suspect for key, (_, suspect) in lanes.items() if suspect is not None}
        self._seen: set[str] = set()
        self._known: pa.ChunkedArray | None = None
        self.builder = FileBuilder(queue)
        self.reader = QueueReader(
            topic,
            queue,
            tables=tables,
            accepted_marks=accepted_marks,
            positions={key: position for key, (position, _) in lanes.items()},
            on_epoch=self._begin_epoch,
            on_torn=self._torn,
        )
        if self._suspects:
            self._load_known()

    def take(self, message: Message) -> None:
        if self.since is None:
            self.since = time.monotonic()
        self._counts.messages += 1
        self._counts.bytes += len(message.body)
        changes = self.reader.read(message)
        if changes is not None:
            if changes.facts.copy is None:
                self._seen.add(changes.facts.lane)
            self.builder.add(changes, self._known)
        self.at = message.offset + 1

    def is_due(self, rules: Rules) -> bool:
        if self.since is None:
            return False
        age = time.monotonic() - self.since
        if self.builder.is_empty:
            return age >= _EMPTY_FILE_AFTER_S
        return age >= rules.age_s or self.builder.file_bytes >= rules.bytes or self.builder.rows >= _ROLL_ROWS

    def land(self, even_empty: bool = False) -> None:
        """Puts what came since the last file into one. `even_empty`: also when it has no length."""
        if self.at == self.start and not even_empty:
            return
        content = self.builder.finish(self._known, {LANES_KEY: self._lanes_text()})
        self._publish(landed.relative_path(self.queue, self.start, self.at, self._day()), content)
        counts = self._counts
        counts.rows += self.builder.rows
        counts.repeated_changes += self.builder.repeats
        counts.repeated_messages += self.reader.repeats
        counts.newest_ms = max(counts.newest_ms, self.builder.newest_ms)
        self.reader.repeats = 0
        self._forget_suspects()
        self.builder = FileBuilder(self.queue)
        self.start = self.at
        self.since = None
        self._seen = set()

    def _begin_epoch(self, facts: Facts, offset: int) -> None:
        self.at = offset
        self.land()
        self._suspects[facts.lane_key] = Suspect(offset, facts.resume or "")
        self._load_known()
        is_known = any(stream == facts.stream for stream, _ in self.reader.gate.positions)
        self._log.info(
            "a later run of the relay begins" if is_known else "another relay begins, or one without its checkpoint",
            queue=str(self.queue),
            offset=offset,
            lane=facts.lane,
            epoch=facts.position.epoch,
            resume=(facts.resume or "")[:200],
        )

    def _torn(self, place: str, why: str) -> None:
        self._counts.torn_messages += 1
        self._log.warn(f"{place}: {why}: {TORN}")

    def _load_known(self) -> None:
        end = max(suspect.offset for suspect in self._suspects.values())
        starts = [repeats.Resume(suspect.resume) for suspect in self._suspects.values()]
        chunks: list[pa.Array] = []
        count = 0
        for file in self._target.files_back(self.queue, end):
            with self._target.read(file.path) as source:
                found = repeats.keys_that_may_repeat(pq.read_table(source, columns=repeats.COLUMNS), starts)
            chunks.extend(found.keys.chunks)
            count += len(found.keys)
            if found.reaches_back:
                break
            if count > _MOST_KNOWN:
                self._log.warn(
                    "changes that came before are looked for in the newest files only: some may be landed twice",
                    queue=str(self.queue),
                    back_to=file.path,
                )
                break
        self._known = pa.chunked_array(chunks, pa.string()) if count > 0 else None

    def _forget_suspects(self) -> None:
        """Repeats come first: a lane that has brought changes, and none of them again, is past them."""
        done = self._seen - self.builder.repeated_lanes
        self._suspects = {key: suspect for key, suspect in self._suspects.items() if key[1] not in done}
        if not self._suspects:
            self._known = None

    def _lanes_text(self) -> bytes:
        # What the file that is being made tells of suspects is told by the next one.
        lanes = []
        for (stream, lane), position in self.reader.gate.positions.items():
            suspect = self._suspects.get((stream, lane))
            known = [] if suspect is None else [suspect.offset, suspect.resume]
            lanes.append([stream, lane, position.epoch, position.sequence, *known])
        return json.dumps(lanes).encode()


def lanes_of(target: Target, file: LandedFile) -> dict[tuple[str, str], tuple[LanePosition, Suspect | None]]:
    """What the footer of a file says of the lanes of its queue, where it ends."""
    with target.read(file.path) as source:
        metadata = pq.read_metadata(source).metadata or {}
    try:
        lanes = {}
        for stream, lane, epoch, sequence, *suspect in json.loads(metadata[LANES_KEY]):
            lanes[stream, lane] = (LanePosition(epoch, sequence), Suspect(*suspect) if suspect else None)
        return lanes
    except (KeyError, ValueError, TypeError) as error:
        raise LakeError(
            "TARGET_UNUSABLE",
            f"{file.path} has not been written by this lander: its footer says nothing of lanes.",
            "Let the target be a folder of its own.",
        ) from error
