"""Changes that a relay has sent before: after a crash it sends again what its checkpoint did not have yet, under a new
epoch and packed anew, so that only the change ids tell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from .kinds import ROW_KINDS

COLUMNS = ["lane", "database", "table", "kind", "id", "offset", "copy"]
# Rows of an XA transaction bear the number of its PREPARE, which may be covered although its COMMIT is not.
_MESSAGES_BEFORE = 64
_GTID = re.compile(r"(?P<source>[0-9a-fA-F-]{36}(?::[a-z_][a-z0-9_]{0,31})?|\d+-\d+):(?P<number>\d+)")
_PLACE = re.compile(r"(?:.*/)?(?P<file>[^/:]+):(?P<position>\d+)")


class Resume:
    """The position that a run of the relay has started from: a set of GTIDs, MariaDB's position, or file:position."""

    def __init__(self, text: str) -> None:
        self._ranges: dict[str, list[tuple[int, int]]] = {}
        self._place: tuple[str, int] | None = None
        if (place := _PLACE.fullmatch(text)) is not None and "-" not in text.rpartition(":")[2] and not _is_set(text):
            self._place = (place["file"], int(place["position"]))
            return
        for part in text.replace("\n", "").split(","):
            self._add(part.strip())

    def _add(self, part: str) -> None:
        if (mariadb := re.fullmatch(r"(\d+-\d+)-(\d+)", part)) is not None:
            self._ranges.setdefault(mariadb[1], []).append((0, int(mariadb[2])))
            return
        source, *words = part.split(":")
        name = source.lower()
        for word in words:
            first, _, last = word.partition("-")
            if first.isdigit():
                self._ranges.setdefault(name, []).append((int(first), int(last or first)))
            else:
                name = f"{source.lower()}:{word}"

    def covers(self, transaction: str) -> bool:
        """Whether the run began behind it. `transaction`: of a change id what stands before `#`. False in doubt."""
        gtid = _GTID.fullmatch(transaction)
        if gtid is not None:
            number = int(gtid["number"])
            return any(first <= number <= last for first, last in self._ranges.get(gtid["source"].lower(), ()))
        place = _PLACE.fullmatch(transaction)
        return place is not None and self._place is not None and (place["file"], int(place["position"])) < self._place


def _is_set(text: str) -> bool:
    return re.match(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-", text) is not None


def keys_of(table: pa.Table) -> pa.ChunkedArray:
    """What is the same for a change that came before, and for nothing else."""
    names = [table[name].cast(pa.string()) for name in ("lane", "database", "table", "id")]
    return pc.binary_join_element_wise(*names, "\x01")


@dataclass(frozen=True, slots=True)
class Found:
    keys: pa.ChunkedArray
    reaches_back: bool
    """What comes before this file is covered as well: nothing of it comes again."""


def keys_that_may_repeat(landed: pa.Table, resumes: Iterable[Resume]) -> Found:
    """Of a file of a queue, with COLUMNS, the keys of changes that a run which started from there may send again."""
    # Copied rows come again under other ids.
    rows = landed.filter(pc.and_(pc.is_in(landed["kind"], pa.array(ROW_KINDS)), pc.is_null(landed["copy"])))
    starts = list(resumes)
    transactions = pc.replace_substring_regex(rows["id"], "#.*", "")
    open_ones = [
        text for text in pc.unique(transactions).to_pylist() if not all(start.covers(text) for start in starts)
    ]
    if rows.num_rows == 0:
        return Found(keys_of(rows), False)
    last = pc.max(rows["offset"]).as_py()
    if not open_ones:
        return Found(keys_of(rows.filter(pc.greater(rows["offset"], last - _MESSAGES_BEFORE))), True)
    first = pc.min(rows.filter(pc.is_in(transactions, pa.array(open_ones)))["offset"]).as_py()
    return Found(keys_of(rows.filter(pc.greater_equal(rows["offset"], first - _MESSAGES_BEFORE))), False)
