"""Rows of an Arrow table as texts, to be compared with what MySQL prints: a JSON list a row, with its table's name."""

from __future__ import annotations

import base64
import datetime
import decimal
import json

import pyarrow as pa


def text_of(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "microseconds")[:26]
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    return repr(value) if isinstance(value, float) else str(value)


def print_rows(name: str, table: pa.Table) -> None:
    """Columns of the lake's own are left out."""
    columns = [column for column in table.column_names if not column.startswith("_relay")]
    for row in zip(*(table.column(column).to_pylist() for column in columns), strict=True):
        print(json.dumps([name, dict(zip(columns, map(text_of, row), strict=True))], ensure_ascii=False))
