"""What a commit writes: which files of a table of Iceberg are replaced, and by what. Copy on write, by key."""

from __future__ import annotations

import base64
import bisect
import itertools
import uuid
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg import types as iceberg
from pyiceberg.conversions import from_bytes
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, _dataframe_to_data_files, schema_to_pyarrow

from .batch import Batch, Definition, Newest
from .errors import LakeError
from .schema import ColumnType, column_type
from .values import UnfitValueError, array_of

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import FileScanTask, Table, Transaction

#: Where a row came last: columns of every table beside those of MySQL.
LANE, OFFSET = "_relay_lane", "_relay_offset"
PLACE = {LANE: ColumnType("string"), OFFSET: ColumnType("long")}
#: Arrow in memory for one file of Parquet.
_CHUNK_BYTES = 256 << 20
#: Files that are smaller are made into one as soon as there are so many.
_SMALL_BYTES, _MANY_SMALL = 8 << 20, 8


class Writes:
    """Files to add and to remove, so that the table has what a batch says."""

    def __init__(self, table: Table, transaction: Transaction, name: str, zero_dates: str) -> None:
        self._table = table
        self._transaction = transaction
        self._name = name
        self._zero_dates = zero_dates
        self._commit = uuid.uuid4()
        self._counter = itertools.count(0)
        self._kept: list[pa.Table] = []
        self.added: list[DataFile] = []
        self.removed: list[DataFile] = []

    def merge(self, batch: Batch) -> None:
        names, is_anew = self._evolve(batch.definition)
        key = [names[part] for part in batch.definition.key]
        schema = schema_to_pyarrow(self._transaction.table_metadata.schema(), include_field_ids=False)
        keys = self._keys(batch, names, schema)
        rows = self._rows(batch, names, schema)
        for task in self._touched(batch, keys, is_anew):
            data = _conformed(self._read(task), schema)
            left = _left(data, keys, batch.sweeps)
            if len(left) == len(data) and not is_anew and not self._is_small(task.file):
                continue
            self.removed.append(task.file)
            self._keep(left, key)
        self._keep(rows, key)
        self._write(key)

    def _evolve(self, definition: Definition) -> tuple[dict[str, str], bool]:
        """Column of MySQL → column of the table, which differs in case at most; and whether files are written anew."""
        present = {name.lower(): name for name in self._table.schema().column_names}
        types = {
            field.name: ColumnType.of_arrow(field.type)
            for field in schema_to_pyarrow(self._table.schema(), include_field_ids=False)
        }
        names = {part: present.get(part.lower(), part) for part in definition.key}
        is_anew = False
        with self._transaction.update_schema(allow_incompatible_changes=True) as update:
            for column, wanted in {**columns_of(definition, self._zero_dates), **PLACE}.items():
                name = names[column] = present.get(column.lower(), column)
                if column.lower() not in present:
                    update.add_column((name,), iceberg_type(wanted))
                    continue
                joined = types[name].joined(wanted)
                if joined == types[name]:
                    continue
                if types[name].is_promoted_to(joined):
                    update.update_column((name,), field_type=iceberg_type(joined))
                else:
                    update.delete_column((name,))
                    update.add_column((name,), iceberg_type(joined))
                    is_anew = True
        return names, is_anew

    def _keys(self, batch: Batch, names: dict[str, str], schema: pa.Schema) -> pa.Table:
        places = list(batch.newest.values())
        if not places:
            return pa.table({})
        return pa.table(
            {
                names[column]: self._array(batch.definition, column, texts, schema.field(names[column]).type, places)
                for column, texts in batch.keys().items()
            }
        )

    def _rows(self, batch: Batch, names: dict[str, str], schema: pa.Schema) -> pa.Table:
        rows = list(batch.rows())
        arrays = {
            names[column]: self._array(batch.definition, column, texts, schema.field(names[column]).type, rows)
            for column, texts in batch.columns().items()
        }
        arrays[LANE] = pa.array([row.lane for row in rows], pa.string())
        arrays[OFFSET] = pa.array([row.offset for row in rows], pa.int64())
        return _conformed(pa.table(arrays), schema)

    def _array(
        self, definition: Definition, column: str, texts: list[str | None], type: pa.DataType, places: list[Newest]
    ) -> pa.Array:
        declared = column_type(definition.types[column], self._zero_dates, definition.time_zone)
        target = ColumnType.of_arrow(type)
        if target.kind == "string" or declared.kind == "binary":
            # Text holds every text: also base64, should the column have been of bytes once.
            wanted = target
        else:
            wanted = ColumnType(target.kind, target.precision, target.scale, is_lenient=declared.is_lenient)
        try:
            return array_of(texts, wanted, definition.binary).cast(type)
        except UnfitValueError as error:
            place = places[error.index]
            raise LakeError(
                "VALUE_UNFIT",
                f"{self._name}: a value of the column {column}, {definition.types[column]}, {error.why}. It is in a"
                f" message of lane {place.lane} at offset {place.offset}.",
            ) from None

    def _touched(self, batch: Batch, keys: pa.Table, is_anew: bool) -> Iterator[FileScanTask]:
        if self._table.current_snapshot() is None:
            return
        tasks = list(self._table.scan().plan_files())
        small = sum(self._is_small(task.file) for task in tasks)
        first = keys.column_names[0] if keys.num_columns else None
        field = None if first is None or is_anew else self._table.schema().find_field(first)
        is_ordered = field is not None and isinstance(
            field.field_type, (iceberg.IntegerType, iceberg.LongType, iceberg.DecimalType, iceberg.StringType)
        )
        ordered = sorted(keys.column(0).to_pylist()) if is_ordered else []
        for task in tasks:
            if (
                is_anew
                or batch.sweeps
                or not is_ordered
                or field is None
                or (small >= _MANY_SMALL and self._is_small(task.file))
                or _may_hold(task.file, field, ordered)
            ):
                yield task

    def _is_small(self, file: DataFile) -> bool:
        return file.file_size_in_bytes < _SMALL_BYTES

    def _read(self, task: FileScanTask) -> pa.Table:
        metadata = self._table.metadata
        return ArrowScan(metadata, self._table.io, metadata.schema(), AlwaysTrue()).to_table([task])

    def _keep(self, data: pa.Table, key: list[str]) -> None:
        self._kept.append(data)
        if sum(table.nbytes for table in self._kept) > _CHUNK_BYTES:
            self._write(key)

    def _write(self, key: list[str]) -> None:
        data = pa.concat_tables(self._kept)
        self._kept = []
        if len(data) == 0:
            return
        if key:
            data = data.sort_by([(part, "ascending") for part in key])
        self.added += _dataframe_to_data_files(
            self._transaction.table_metadata, data, self._table.io, self._commit, self._counter
        )


def _conformed(data: pa.Table, schema: pa.Schema) -> pa.Table:
    """The same rows with the columns of `schema`: others are NULL, and values of another type are cast."""
    return pa.table(
        [
            _cast(data.column(field.name), field.type)
            if field.name in data.column_names
            else pa.nulls(len(data), field.type)
            for field in schema
        ],
        schema=schema,
    )


def _cast(column: pa.ChunkedArray, type: pa.DataType) -> pa.ChunkedArray:
    if column.type.equals(type):
        return column
    if ColumnType.of_arrow(column.type).kind == "binary" and ColumnType.of_arrow(type).kind != "binary":
        # As it came in its messages.
        texts = [None if value is None else base64.b64encode(value).decode() for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, type)])
    return column.cast(type)


def _left(data: pa.Table, keys: pa.Table, sweeps: dict[str, int]) -> pa.Table:
    """The rows whose key is not among `keys`, and that no sweep removes."""
    is_gone = _is_among(data, keys)
    for lane, before in sweeps.items():
        is_swept = pc.and_(pc.equal(data.column(LANE), lane), pc.less(data.column(OFFSET), before))
        is_gone = pc.or_(is_gone, pc.fill_null(is_swept, False))
    return data.filter(pc.invert(is_gone))


def _is_among(data: pa.Table, keys: pa.Table) -> pa.ChunkedArray | pa.Array:
    if len(keys) == 0 or len(data) == 0:
        return pa.array([False] * len(data), pa.bool_())
    if keys.num_columns == 1:
        return pc.is_in(data.column(keys.column_names[0]), value_set=keys.column(0).combine_chunks())
    row = "_row"
    numbered = data.select(keys.column_names).append_column(row, pa.array(range(len(data)), pa.int64()))
    found = numbered.join(keys, keys=keys.column_names, join_type="left semi").column(row)
    return pc.is_in(numbered.column(row), value_set=found.combine_chunks())


def _may_hold(file: DataFile, field: iceberg.NestedField, ordered: Sequence[Any]) -> bool:
    """Whether one of the values, in order, lies between the bounds that the file has of the column."""
    lower, upper = ((bounds or {}).get(field.field_id) for bounds in (file.lower_bounds, file.upper_bounds))
    if lower is None or upper is None:
        return True
    type = field.field_type
    assert isinstance(type, iceberg.PrimitiveType)
    try:
        least, most = from_bytes(type, lower), from_bytes(type, upper)
    except Exception:  # Of a file that was written before the column had this type.
        return True
    at = bisect.bisect_left(ordered, least)
    return at < len(ordered) and ordered[at] <= most


def columns_of(definition: Definition, zero_dates: str) -> dict[str, ColumnType]:
    return {
        column: column_type(declared, zero_dates, definition.time_zone) for column, declared in definition.types.items()
    }


def iceberg_type(type: ColumnType) -> iceberg.IcebergType:
    if type.kind == "decimal":
        return iceberg.DecimalType(type.precision, type.scale)
    return {
        "int": iceberg.IntegerType(),
        "long": iceberg.LongType(),
        "float": iceberg.FloatType(),
        "double": iceberg.DoubleType(),
        "date": iceberg.DateType(),
        "timestamp": iceberg.TimestampType(),
        "timestamptz": iceberg.TimestamptzType(),
        "string": iceberg.StringType(),
        "binary": iceberg.BinaryType(),
    }[type.kind]
