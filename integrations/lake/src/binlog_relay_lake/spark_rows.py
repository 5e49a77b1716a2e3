"""The newest row of each key of a table, out of its changes, as expressions of Spark."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING

from .current_table import CHANGE, KIND
from .kinds import DELETE, UPDATE
from .schema import ColumnType

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

#: Where a row came last: columns of every table beside those of MySQL.
LANE, OFFSET = "_relay_lane", "_relay_offset"
#: Of a row that is to be deleted.
GONE = "_relay_gone"
#: As values.ZERO_DATE.
_ZERO_DATE = r"^(0000-|\d{4}-00|\d{4}-\d\d-00)"


def newest_rows(
    changes: DataFrame,
    table: str,
    columns: Mapping[str, ColumnType],
    types: Mapping[str, ColumnType],
    key: tuple[str, ...],
    sweeps: Mapping[str, int],
    is_log: bool,
) -> DataFrame:
    """`columns`: of the target, what is to come. `types`: of MySQL. `is_log`: every change has a row of its own."""
    from pyspark.sql import functions as F

    names = [name for name in types if name not in (CHANGE, KIND)]
    row = "struct<" + ",".join(f"`{name.replace('`', '``')}`:string" for name in names) + ">"
    parsed = changes.select(
        *("kind", "lane", "offset", "index", "id"),
        F.get_json_object("more", "$.binary").alias("binary"),
        F.from_json("after", row, {"mode": "FAILFAST"}).alias("after"),
        F.from_json("before", row, {"mode": "FAILFAST"}).alias("before"),
    )
    if is_log:
        is_delete = F.col("kind") == DELETE
        texts = [_field(F.when(is_delete, F.col("before")).otherwise(F.col("after")), name) for name in names]
        halves = parsed.select(
            *("lane", "offset", "index", "binary"),
            F.lit(0).alias("half"),
            F.lit(False).alias("gone"),
            F.struct(*texts, F.col("id").alias(CHANGE), F.col("kind").alias(KIND)).alias("row"),
        )
    else:
        halves = parsed.select(
            *("lane", "offset", "index", "binary"), F.posexplode(_halves(names, key)).alias("half", "of")
        ).select("*", "of.gone", "of.row")
    place = F.struct("offset", "index", "half")
    newest = halves.groupBy(*(_typed(_field(F.col("row"), k), columns[k], table, k).alias(k) for k in key)).agg(
        F.max_by(F.struct("gone", "row", "lane", "offset", "binary"), place).alias("newest")
    )
    chosen = newest.select(*(F.col(_quoted(k)) for k in key), "newest.*")
    is_swept = [(F.col("lane") == lane) & (F.col("offset") < before) for lane, before in sweeps.items()]
    gone = reduce(lambda a, b: a | b, is_swept, F.col("gone"))
    values = [
        _typed(_field(F.col("row"), name), columns[name], table, name).alias(name)
        if name in types
        else F.lit(None).cast(type.spark()).alias(name)
        for name, type in columns.items()
        if name not in (*key, LANE, OFFSET)
    ]
    return chosen.select(
        *(F.col(_quoted(k)) for k in key),
        *values,
        F.col("lane").alias(LANE),
        F.col("offset").alias(OFFSET),
        gone.alias(GONE),
    )


def _halves(names: list[str], key: tuple[str, ...]) -> Column:
    """What a change does: it writes a row, or deletes one; an update of the key does both."""
    from pyspark.sql import functions as F

    after, before = F.col("after"), F.col("before")
    old = F.struct(
        *(
            F.coalesce(_field(before, name), _field(after, name)).alias(name)
            if name in key
            else F.lit(None).cast("string").alias(name)
            for name in names
        )
    )
    is_moved = reduce(lambda a, b: a | b, (_field(before, part).isNotNull() for part in key))

    def half(gone: bool, row: Column) -> Column:
        return F.struct(F.lit(gone).alias("gone"), row.alias("row"))

    return (
        F.when(F.col("kind") == DELETE, F.array(half(True, before)))
        .when((F.col("kind") == UPDATE) & is_moved, F.array(half(True, old), half(False, after)))
        .otherwise(F.array(half(False, after)))
    )


def _typed(text: Column, type: ColumnType, table: str, name: str) -> Column:
    """Exact, or the job fails with VALUE_UNFIT, the place and without the value."""
    from pyspark.sql import functions as F

    if type.kind == "string":
        return text
    source = text
    if type.kind == "binary":
        value = F.when(F.col("binary") == "latin1", F.encode(text, "ISO-8859-1")).otherwise(
            F.try_to_binary(text, F.lit("base64"))
        )
    elif type.kind in ("date", "timestamp", "timestamptz"):
        if type.is_lenient:
            source = F.when(~text.rlike(_ZERO_DATE), text)
        in_utc = F.concat(source, F.lit("Z")) if type.kind == "timestamptz" else source
        value = in_utc.try_cast(type.spark())
    else:
        value = text.try_cast(type.spark())
    place = F.concat(
        F.lit(f"VALUE_UNFIT: {table}: a value of the column {name} is no {type.kind}. It is in a message of lane "),
        *(F.col("lane"), F.lit(" at offset "), F.col("offset").cast("string"), F.lit(".")),
    )
    return F.when(source.isNotNull(), F.coalesce(value, F.raise_error(place).cast(type.spark())))


def _field(row: Column, name: str) -> Column:
    return row.getField(name).alias(name)


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"
