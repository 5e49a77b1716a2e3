"""A table of Iceberg, or Delta, as Spark has it, with the place that it was merged up to in its properties."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .errors import LakeError
from .schema import ColumnType
from .spark_rows import GONE, LANE, OFFSET
from .table_state import PROPERTY, TableState

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_MERGE_ON_READ = {
    "format-version": "2",
    "write.merge.mode": "merge-on-read",
    "write.update.mode": "merge-on-read",
    "write.delete.mode": "merge-on-read",
}
_views = itertools.count()


class SparkTable:
    def __init__(
        self, spark: SparkSession, parts: Sequence[str], using: str, properties: Mapping[str, str] | None = None
    ) -> None:
        self.name = ".".join(parts)
        self._spark = spark
        self._sql_name = ".".join(map(_quoted, parts))
        self._namespace = ".".join(map(_quoted, parts[:-1]))
        self._using = using
        self._properties = {**(_MERGE_ON_READ if using == "iceberg" else {}), **(properties or {})}

    def state(self, is_strict: bool = True) -> TableState | None:
        """None: there is no such table. Raises TABLE_FOREIGN, if `is_strict`, for one that was not made here."""
        if not self._spark.catalog.tableExists(self._sql_name):
            return None
        rows = self._spark.sql(f"SHOW TBLPROPERTIES {self._sql_name}").collect()
        text = {row["key"]: row["value"] for row in rows}.get(PROPERTY)
        if text is None and not is_strict:
            return None
        if text is None:
            raise LakeError(
                "TABLE_FOREIGN", f"The table {self.name} has no property {PROPERTY}: it was made elsewhere."
            )
        return TableState.parsed(text, self.name)

    def prepare(self, wanted: Mapping[str, ColumnType], state: TableState) -> dict[str, ColumnType]:
        """Makes the table, or the columns that it lacks. Returns its columns, spelled as in `wanted`."""
        if not self._spark.catalog.tableExists(self._sql_name):
            self._create(wanted, state)
            return dict(wanted)
        spelling = {name.lower(): name for name in wanted}
        present = {
            spelling.get(field.name.lower(), field.name): _type_of(field.dataType.simpleString())
            for field in self._spark.table(self._sql_name).schema.fields
        }
        for name, type in wanted.items():
            if name not in present:
                self._spark.sql(f"ALTER TABLE {self._sql_name} ADD COLUMN {_quoted(name)} {type.spark()}")
                present[name] = type
                continue
            joined = present[name].joined(type)
            if joined == present[name]:
                present[name] = ColumnType(joined.kind, joined.precision, joined.scale, is_lenient=type.is_lenient)
                continue
            if not present[name].is_promoted_to(joined):
                raise LakeError(
                    "TYPE_CHANGED",
                    f"{self.name}: the column {name} is {present[name].spark()}, and what came needs {joined.spark()}.",
                )
            self._spark.sql(f"ALTER TABLE {self._sql_name} ALTER COLUMN {_quoted(name)} TYPE {joined.spark()}")
            present[name] = joined
        return present

    def merge(self, newest: DataFrame, key: Sequence[str], sweeps: Mapping[str, int]) -> None:
        view = f"binlog_relay_newest_{next(_views)}"
        newest.createOrReplaceTempView(view)
        names = [_quoted(name) for name in newest.columns if name != GONE]
        clauses = [
            f"MERGE INTO {self._sql_name} c USING {view} n",
            f"ON {' AND '.join(f'c.{_quoted(part)} = n.{_quoted(part)}' for part in key)}",
            f"WHEN MATCHED AND n.{GONE} THEN DELETE",
            f"WHEN MATCHED THEN UPDATE SET {', '.join(f'c.{name} = n.{name}' for name in names)}",
            f"WHEN NOT MATCHED AND NOT n.{GONE} THEN INSERT ({', '.join(names)})"
            f" VALUES ({', '.join(f'n.{name}' for name in names)})",
        ]
        if sweeps:
            swept = " OR ".join(
                f"(c.{LANE} = {_literal(lane)} AND c.{OFFSET} < {before})" for lane, before in sweeps.items()
            )
            clauses.append(f"WHEN NOT MATCHED BY SOURCE AND ({swept}) THEN DELETE")
        try:
            self._run(" ".join(clauses))
        finally:
            self._spark.catalog.dropTempView(view)

    def store(self, state: TableState, before: TableState | None) -> None:
        if state != before:
            self._spark.sql(f"ALTER TABLE {self._sql_name} SET TBLPROPERTIES ('{PROPERTY}' = {_literal(state.text())})")

    def _create(self, columns: Mapping[str, ColumnType], state: TableState) -> None:
        self._spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {self._namespace}")
        declared = ", ".join(f"{_quoted(name)} {type.spark()}" for name, type in columns.items())
        properties = {**self._properties, PROPERTY: state.text()}
        listed = ", ".join(f"{_literal(name)} = {_literal(value)}" for name, value in properties.items())
        self._spark.sql(f"CREATE TABLE {self._sql_name} ({declared}) USING {self._using} TBLPROPERTIES ({listed})")

    def _run(self, sql: str) -> None:
        try:
            self._spark.sql(sql)
        except Exception as error:
            _, found, rest = str(error).partition("VALUE_UNFIT: ")
            if not found:
                raise
            message = rest.partition("\n")[0].partition(" SQLSTATE")[0]
            raise LakeError("VALUE_UNFIT", message) from error


def _type_of(spark: str) -> ColumnType:
    name = spark.lower()
    if name.startswith("decimal("):
        precision, scale = name[len("decimal(") : -1].split(",")
        return ColumnType("decimal", int(precision), int(scale))
    kinds = {
        "int": "int",
        "bigint": "long",
        "float": "float",
        "double": "double",
        "date": "date",
        "timestamp_ntz": "timestamp",
        "timestamp": "timestamptz",
        "binary": "binary",
    }
    return ColumnType(kinds.get(name, "string"))


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
