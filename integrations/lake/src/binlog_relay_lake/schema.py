"""What a column of MySQL is in Arrow, Iceberg and Spark: a type that every value of it fits into.

The input is `mysqlType` of a message (`decimal(12,2)`, `bigint unsigned`, `enum('new','paid')`). A type that is not
known here becomes text, as every value is in the message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

#: The digits that DECIMAL has at most in Iceberg, Parquet and Spark.
MAX_DIGITS = 38

#: What becomes of dates that are none: `0000-00-00`, `2026-11-00`.
ZERO_DATES = ("refuse", "text", "null")

_INTEGERS: Mapping[str, str] = {
    "tinyint": "int",
    "tinyint unsigned": "int",
    "smallint": "int",
    "smallint unsigned": "int",
    "mediumint": "int",
    "mediumint unsigned": "int",
    "int": "int",
    "int unsigned": "long",
    "bigint": "long",
    "year": "int",
}
_BYTES = re.compile(
    r"(binary|varbinary|tinyblob|blob|mediumblob|longblob"
    r"|geometry|point|linestring|polygon|multi\w+|geom\w*collection|vector)\b"
)
_DECLARED = re.compile(r"(\w+)(?:\((\d+)(?:,(\d+))?\))?")


@dataclass(frozen=True)
class ColumnType:
    """`kind`: int, long, decimal, float, double, date, timestamp, timestamptz, string or binary."""

    kind: str
    precision: int = 0
    scale: int = 0
    #: A date that is none becomes NULL.
    is_lenient: bool = field(default=False, compare=False)

    def arrow(self) -> pa.DataType:
        import pyarrow as pa

        if self.kind == "decimal":
            return pa.decimal128(self.precision, self.scale)
        return {
            "int": pa.int32(),
            "long": pa.int64(),
            "float": pa.float32(),
            "double": pa.float64(),
            "date": pa.date32(),
            "timestamp": pa.timestamp("us"),
            "timestamptz": pa.timestamp("us", "UTC"),
            "string": pa.string(),
            "binary": pa.binary(),
        }[self.kind]

    @staticmethod
    def of_arrow(type: pa.DataType) -> ColumnType:
        """What `arrow` gave, or a table that was made of it has."""
        import pyarrow as pa

        if pa.types.is_decimal(type):
            return ColumnType("decimal", type.precision, type.scale)
        if pa.types.is_timestamp(type):
            return ColumnType("timestamp" if type.tz is None else "timestamptz")
        for is_it, kind in (
            (pa.types.is_int32, "int"),
            (pa.types.is_int64, "long"),
            (pa.types.is_float32, "float"),
            (pa.types.is_float64, "double"),
            (pa.types.is_date32, "date"),
            (pa.types.is_binary, "binary"),
            (pa.types.is_large_binary, "binary"),
        ):
            if is_it(type):
                return ColumnType(kind)
        return ColumnType("string")

    def spark(self) -> str:
        """As DDL of Spark SQL."""
        if self.kind == "decimal":
            return f"DECIMAL({self.precision},{self.scale})"
        return {
            "int": "INT",
            "long": "BIGINT",
            "float": "FLOAT",
            "double": "DOUBLE",
            "date": "DATE",
            "timestamp": "TIMESTAMP_NTZ",
            "timestamptz": "TIMESTAMP",
            "string": "STRING",
            "binary": "BINARY",
        }[self.kind]

    def joined(self, other: ColumnType) -> ColumnType:
        """The narrowest type that holds the values of both: in the end text, which holds everything."""
        if self == other:
            return self
        if {self.kind, other.kind} <= {"int", "long"}:
            return ColumnType("long")
        if {self.kind, other.kind} == {"float", "double"}:
            return ColumnType("double")
        if {self.kind, other.kind} == {"date", "timestamp"}:
            return ColumnType("timestamp", is_lenient=self.is_lenient or other.is_lenient)
        mine, theirs = self._as_decimal(), other._as_decimal()
        if mine is not None and theirs is not None:
            scale = max(mine.scale, theirs.scale)
            digits = scale + max(mine.precision - mine.scale, theirs.precision - theirs.scale)
            if digits <= MAX_DIGITS:
                return ColumnType("decimal", digits, scale)
        return ColumnType("string")

    def _as_decimal(self) -> ColumnType | None:
        digits = {"int": 10, "long": 19}.get(self.kind)
        if digits is not None:
            return ColumnType("decimal", digits, 0)
        return self if self.kind == "decimal" else None

    def is_promoted_to(self, other: ColumnType) -> bool:
        """Whether Iceberg reads files with this type as the other one; otherwise they are written anew."""
        if self.kind == "decimal" == other.kind:
            return self.scale == other.scale and self.precision <= other.precision
        return self == other or (self.kind, other.kind) in (("int", "long"), ("float", "double"))


def column_type(mysql_type: str, zero_dates: str = "refuse", time_zone: str | None = None) -> ColumnType:
    """Of a column that is declared as `mysql_type`. `time_zone`: of the texts of TIMESTAMP, None: UTC."""
    declared = re.sub(r" zerofill$", "", mysql_type.strip().lower() if "'" not in mysql_type else mysql_type)
    plain = re.sub(r"\(\d+\)", "", declared)
    if plain in _INTEGERS:
        return ColumnType(_INTEGERS[plain])
    if plain == "bigint unsigned":
        return ColumnType("decimal", 20, 0)
    match = _DECLARED.match(declared)
    kind, first, second = match.groups() if match else ("", None, None)
    digits = int(first) if first else 0
    if kind == "decimal":
        return ColumnType("decimal", digits, int(second or 0)) if 0 < digits <= MAX_DIGITS else ColumnType("string")
    if kind in ("float", "double"):
        return ColumnType(kind)
    if kind == "bit":
        return ColumnType("long") if digits < 64 else ColumnType("decimal", 20, 0)
    if kind in ("date", "datetime", "timestamp"):
        if zero_dates == "text":
            return ColumnType("string")
        name = {"date": "date", "datetime": "timestamp", "timestamp": "timestamp" if time_zone else "timestamptz"}[kind]
        return ColumnType(name, is_lenient=zero_dates == "null")
    if _BYTES.match(declared):
        return ColumnType("binary")
    # Also what is not known here.
    return ColumnType("string")
