"""Texts of values, as messages have them, into typed values; exact, or refused."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .schema import ColumnType

if TYPE_CHECKING:
    import pyarrow as pa

#: Dates that are none: with a part that is zero, or of the year 0, which no calendar has.
ZERO_DATE = re.compile(r"0000-|\d{4}-00|\d{4}-\d\d-00")


class UnfitValueError(Exception):
    """The text at `index` does not fit; `why` says it without the value."""

    def __init__(self, index: int, why: str) -> None:
        super().__init__(index, why)
        self.index = index
        self.why = why


def array_of(texts: Sequence[str | None], column: ColumnType, binary: str = "base64") -> pa.Array:
    """One column of values. `binary`: how bytes are written, `base64` or `latin1`. Raises UnfitValueError."""
    import pyarrow as pa

    if column.kind == "string":
        return pa.array(texts, pa.string())
    if column.kind == "binary":
        return pa.array([_bytes(i, text, binary) for i, text in enumerate(texts)], pa.binary())
    if column.kind in ("date", "timestamp", "timestamptz"):
        texts = [_date(i, text, column) for i, text in enumerate(texts)]
    try:
        return _cast(pa.array(texts, pa.string()), column)
    except pa.ArrowInvalid:
        raise _first_unfit(texts, column) from None


def _cast(texts: pa.Array, column: ColumnType) -> pa.Array:
    import pyarrow as pa

    if column.kind == "timestamptz":
        # The texts are in UTC, and do not say so.
        return texts.cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    return texts.cast(column.arrow())


def _first_unfit(texts: Sequence[str | None], column: ColumnType) -> UnfitValueError:
    import pyarrow as pa

    for i, text in enumerate(texts):
        try:
            _cast(pa.array([text], pa.string()), column)
        except pa.ArrowInvalid:
            return UnfitValueError(i, f"is no value of the type {column.kind}")
    return UnfitValueError(0, f"or another of the column is no value of the type {column.kind}")


def _bytes(index: int, text: str | None, binary: str) -> bytes | None:
    if text is None:
        return None
    try:
        return text.encode("latin-1") if binary == "latin1" else base64.b64decode(text, validate=True)
    except ValueError:  # That of binascii, and of characters that are none of it.
        raise UnfitValueError(index, f"is not {binary}") from None


def _date(index: int, text: str | None, column: ColumnType) -> str | None:
    if text is None or not ZERO_DATE.match(text):
        return text
    if column.is_lenient:
        return None
    raise UnfitValueError(index, "is no date of any calendar, such as 0000-00-00")
