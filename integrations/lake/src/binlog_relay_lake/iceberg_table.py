"""One table of MySQL as a table of Iceberg: rows written over by key, and the place in the topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg import types as iceberg
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, ValidationException
from pyiceberg.schema import Schema

from .batch import Batch, Definition
from .errors import LakeError
from .iceberg_writes import PLACE, Writes, columns_of, iceberg_type
from .table_state import PROPERTY, TableState, state_of

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

_PROPERTIES = {
    "format-version": "2",
    "write.target-file-size-bytes": str(128 << 20),
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}
_ATTEMPTS = 5


class IcebergTable:
    """`state`: of the newest commit; None when there was none yet."""

    def __init__(self, table: Table, name: str, zero_dates: str = "refuse") -> None:
        self._table = table
        self._zero_dates = zero_dates
        self.name = name
        self.state: TableState | None = state_of(table, name)

    @classmethod
    def load(
        cls, catalog: Catalog, identifier: tuple[str, ...], name: str, zero_dates: str = "refuse"
    ) -> IcebergTable | None:
        """None: there is no such table. `name`: that of MySQL."""
        try:
            return cls(catalog.load_table(identifier), name, zero_dates)
        except NoSuchTableError:
            return None

    @classmethod
    def create(
        cls,
        catalog: Catalog,
        identifier: tuple[str, ...],
        name: str,
        definition: Definition,
        zero_dates: str = "refuse",
    ) -> IcebergTable:
        columns = {**columns_of(definition, zero_dates), **PLACE}
        fields = [
            iceberg.NestedField(i, column, iceberg_type(type), required=False)
            for i, (column, type) in enumerate(columns.items(), 1)
        ]
        for depth in range(1, len(identifier)):
            catalog.create_namespace_if_not_exists(identifier[:depth])
        return cls(catalog.create_table(identifier, Schema(*fields), properties=_PROPERTIES), name, zero_dates)

    def commit(self, batch: Batch | None, state: TableState) -> None:
        """Writes the batch and the state that holds with it, in one snapshot. Raises VALUE_UNFIT, TABLE_TAKEN."""
        for _ in range(_ATTEMPTS):
            try:
                self._commit_once(batch, state)
            except (CommitFailedException, ValidationException):
                # Somebody else has written: a compaction, after which the same is done again, or one like this.
                self._table = self._table.refresh()
                if state_of(self._table, self.name) != self.state:
                    raise LakeError("TABLE_TAKEN", f"Another program writes to the table {self.name}.") from None
            else:
                self.state = state
                return
        raise LakeError("TARGET_FAILED", f"Others write to the table {self.name} so often that no commit succeeds.")

    def _commit_once(self, batch: Batch | None, state: TableState) -> None:
        transaction = self._table.transaction()
        writes = Writes(self._table, transaction, self.name, self._zero_dates)
        if batch is not None and not batch.is_empty:
            writes.merge(batch)
        update = transaction.update_snapshot(snapshot_properties={PROPERTY: state.text()})
        with update.overwrite() if writes.removed else update.merge_append() as snapshot:
            for file in writes.removed:
                snapshot.delete_data_file(file)
            for file in writes.added:
                snapshot.append_data_file(file)
        # Without them a conflict is not retried on the state of another: `commit` looks at that first.
        transaction._snapshot_producers.clear()
        transaction.commit_transaction()
