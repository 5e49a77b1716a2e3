"""The change log in Parquet: where its files are, what they hold, and how they are read exactly once.

    <target>/landed=2026-11-29/<broker>-<queue>-<from>-<to>.parquet
                                            the changes of a queue, offsets from … to-1
    <target>/_lander/                       the lander's own: files that are not whole yet, claims

`landed`: the day (UTC) on which the file was written. Offsets have 20 digits. The names are the checkpoint of the
lander: a file appears whole or not at all, and the next one of its queue begins where it ends. A file may have no rows:
then nothing of the tables that are landed came in these offsets.

Within a file the rows stand in row groups of one table each, in the order of the queue. **The order of a key's changes
is (offset, index) within its queue**; a key stays in its queue as long as the topic's queues and the relay's lanes do.

A row is a change, or what stands between changes:

| `kind`                   | `after` | `before`                             | `sql`                   |
| ------------------------ | ------- | ------------------------------------ | ----------------------- |
| `INSERT`                 | the row | null                                 | null                    |
| `UPDATE`                 | the row | previous values of what has changed  | null                    |
| `DELETE`                 | null    | the row                              | null                    |
| `STATEMENT`              | null    | null                                 | the statement           |
| `COPY_BEGIN`, `COPY_END` | null    | null                                 | CREATE TABLE; `""`      |

`more` of a STATEMENT: type, tables, lanes, position; of COPY_…: mark, rows, replaces, gtidSet, lanes, position.
Rows are JSON objects, each value a text of MySQL or null (docs/message-format.md, "Text of values"); `types` has the
declared type of each column. Statements and marks of copies stand once in each lane, with the same id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

import pyarrow as pa
from pyarrow import fs

from .errors import LakeError
from .remoting import Queue

SCHEMA = pa.schema(
    [
        # `<source>:<entry>`, unique together with database and table; `+` behind it: the insert half of a changed key
        pa.field("id", pa.string(), nullable=False),
        pa.field("database", pa.string(), nullable=False),
        pa.field("table", pa.string(), nullable=False),  # "" for a statement about a database
        pa.field("kind", pa.string(), nullable=False),
        pa.field("stream", pa.string(), nullable=False),
        pa.field("lane", pa.string(), nullable=False),
        pa.field("epoch", pa.int64(), nullable=False),
        pa.field("sequence", pa.int64(), nullable=False),
        pa.field("broker", pa.string(), nullable=False),
        pa.field("queue", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("index", pa.int32(), nullable=False),  # place in the message, from 0
        pa.field("gtid", pa.string(), nullable=False),  # of the message's last row; "" without, and on rows of a copy
        pa.field("committed", pa.timestamp("ms", "UTC"), nullable=False),  # of that transaction, on the source
        pa.field("copy", pa.string()),  # the id of the copy: the reader may have the row already
        pa.field("key", pa.string()),  # names of the primary key's columns, a JSON list; null without a key
        pa.field("types", pa.string()),  # column to declared type, a JSON object; null without rows
        pa.field("before", pa.string()),
        pa.field("after", pa.string()),
        pa.field("marks", pa.string()),  # `oversize`, `partial`, `invalidText`, by commas: rows that are not as usual
        # JSON of what else the message says: omitted, absent, oldAbsent, invalidText ({"data": […], "old": […]} of this
        # row), timeZone, binary; and what stands above
        pa.field("more", pa.string()),
        pa.field("sql", pa.string()),
    ]
)

OWN_FOLDER = "_lander"
LANES_KEY = b"binlog-relay.lanes"
_NAME = re.compile(r"(?P<broker>.+)-(?P<queue>\d+)-(?P<start>\d{20})-(?P<end>\d{20})\.parquet")
_DAY = re.compile(r"landed=(\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, order=True, slots=True)
class LandedFile:
    """The messages start … end-1 of a queue. `path`: within the file system; `day`: such as 2026-11-29."""

    queue: Queue
    start: int
    end: int
    path: str
    day: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Of a file the rows whose offset is not below `start`: all of them, unless two landers have overlapped."""

    file: LandedFile
    start: int

    @property
    def is_whole(self) -> bool:
        return self.start <= self.file.start


def relative_path(queue: Queue, start: int, end: int, day: str) -> str:
    return f"landed={day}/{quote(queue.broker, safe=' ()+,;=@!~')}-{queue.id}-{start:020d}-{end:020d}.parquet"


def file_of(path: str) -> LandedFile | None:
    """None for a file that is none of the change log."""
    folder, _, name = path.rpartition("/")
    day = _DAY.fullmatch(folder.rpartition("/")[2])
    match = _NAME.fullmatch(name)
    if day is None or match is None:
        return None
    queue = Queue(unquote(match["broker"]), int(match["queue"]))
    return LandedFile(queue, int(match["start"]), int(match["end"]), path, day[1])


def days_of(filesystem: fs.FileSystem, root: str) -> list[str]:
    """The days on which something was landed, oldest first. `root`: the target's folder within the file system."""
    selector = fs.FileSelector(root, allow_not_found=True)
    names = (info.base_name for info in filesystem.get_file_info(selector) if info.type != fs.FileType.File)
    return sorted(match[1] for name in names if (match := _DAY.fullmatch(name)))


def files_of_day(filesystem: fs.FileSystem, root: str, day: str) -> list[LandedFile]:
    selector = fs.FileSelector(f"{root}/landed={day}", allow_not_found=True)
    found = (file_of(info.path) for info in filesystem.get_file_info(selector) if info.type == fs.FileType.File)
    return sorted(file for file in found if file is not None)


def landed_files(filesystem: fs.FileSystem, root: str, since: str = "") -> list[LandedFile]:
    """By queue and offset. `since`: only those of this day (2026-11-29) and later."""
    days = [day for day in days_of(filesystem, root) if day >= since]
    return sorted(file for day in days for file in files_of_day(filesystem, root, day))


def pieces(files: Iterable[LandedFile], offsets: Mapping[Queue, int] | None = None) -> Iterator[Piece]:
    """What to read, queue by queue in order, so that every offset is read once, from `offsets` on.

    A queue that `offsets` does not have is read from its first file on. Raises TARGET_HOLE for a hole between files.
    """
    at: dict[Queue, int] = dict(offsets or {})
    for file in sorted(files, key=lambda file: (file.queue, file.start, -file.end)):
        due = at.get(file.queue, file.start)
        if file.end <= due:
            continue
        if file.start > due:
            raise LakeError(
                "TARGET_HOLE",
                f"The change log of queue {file.queue} has nothing between offset {due} and {file.path}.",
                "Files of it were removed, or are not listed yet: bring them back, or copy the tables again.",
            )
        yield Piece(file, due)
        at[file.queue] = file.end
