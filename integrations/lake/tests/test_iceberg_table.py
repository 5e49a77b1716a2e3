from __future__ import annotations

import decimal

import pytest

pytest.importorskip("pyiceberg")
from pyiceberg.catalog.sql import SqlCatalog

from binlog_relay_lake import iceberg_writes
from binlog_relay_lake.batch import Batch, Definition
from binlog_relay_lake.errors import LakeError
from binlog_relay_lake.iceberg_table import IcebergTable
from binlog_relay_lake.table_state import LaneCopy, QueuePlace, TableState

ORDERS = Definition({"id": "bigint unsigned", "amount": "decimal(12,2)", "note": "varchar(20)"}, ("id",))
PLACES = {"broker:0": QueuePlace(7, {("s", "a"): (2, 5)})}
STATE = TableState("order-binlog", ("shop.*",), ("id",))


@pytest.fixture
def catalog(tmp_path):
    return SqlCatalog("lake", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"file://{tmp_path}")


def made(catalog, definition=ORDERS, name="orders", **options):
    return IcebergTable.create(catalog, ("shop", name), f"shop.{name}", definition, **options)


def order(id, amount="1.00", note="x", **more):
    return {"id": str(id), "amount": amount, "note": note, **more}


def batch_of(rows, definition=ORDERS, deleted=(), offset=1, lane="a"):
    batch = Batch(definition)
    for row in rows:
        batch.upsert(row, None, lane, offset)
    for row in deleted:
        batch.delete(row, lane, offset)
    return batch


def rows_of(catalog, name="orders"):
    table = catalog.load_table(("shop", name)).scan().to_arrow()
    columns = [column for column in table.column_names if not column.startswith("_relay")]
    return sorted((tuple(row.values()) for row in table.select(columns).to_pylist()), key=str)


def test_rows_are_written_over_by_key_and_deleted(catalog):
    table = made(catalog)
    table.commit(batch_of([order(i) for i in range(1, 6)]), STATE)
    table.commit(batch_of([order(2, "2.50"), order(9)], deleted=[order(3), order(77)]), STATE)
    assert [(int(id), str(amount)) for id, amount, _ in rows_of(catalog)] == [
        (1, "1.00"), (2, "2.50"), (4, "1.00"), (5, "1.00"), (9, "1.00"),
    ]  # fmt: skip


def test_the_place_is_committed_with_the_rows_and_found_behind_snapshots_of_others(catalog):
    table = made(catalog)
    assert table.state is None
    state = TableState(
        "t", ("shop.*",), ("id",), PLACES, {"a": LaneCopy("1", 3), "b": LaneCopy("1", None)}, {"a": ("x",)}, "since"
    )
    table.commit(batch_of([order(1)]), state)
    other = catalog.load_table(("shop", "orders"))
    other.append(other.scan().to_arrow().slice(0, 0))
    assert IcebergTable.load(catalog, ("shop", "orders"), "shop.orders").state == state


def test_an_empty_commit_moves_the_place_alone(catalog):
    table = made(catalog)
    table.commit(batch_of([order(1)]), STATE)
    moved = TableState("order-binlog", ("shop.*",), ("id",), {"b:0": QueuePlace(9)})
    table.commit(None, moved)
    assert IcebergTable.load(catalog, ("shop", "orders"), "shop.orders").state == moved
    assert len(rows_of(catalog)) == 1


def test_a_second_writer_is_refused_and_a_compaction_is_not(catalog):
    table = made(catalog)
    table.commit(batch_of([order(1), order(2)]), STATE)
    second = IcebergTable.load(catalog, ("shop", "orders"), "shop.orders")
    other = catalog.load_table(("shop", "orders"))
    other.overwrite(other.scan().to_arrow())
    table.commit(batch_of([order(1, "9.00")]), STATE)
    table.commit(None, TableState("order-binlog", ("shop.*",), ("id",), {"b:0": QueuePlace(9)}))
    assert sorted(str(amount) for _, amount, _ in rows_of(catalog)) == ["1.00", "9.00"]
    with pytest.raises(LakeError, match="TABLE_TAKEN"):
        second.commit(batch_of([order(1)]), STATE)


def test_many_commits_leave_few_files(catalog):
    table = made(catalog)
    for i in range(30):
        table.commit(batch_of([order(i)], offset=i), STATE)
    assert len(rows_of(catalog)) == 30
    assert len(list(catalog.load_table(("shop", "orders")).scan().plan_files())) < 12


@pytest.mark.parametrize(("declared", "ids"), [("bigint unsigned", range(3)), ("int", range(3)), ("char(9)", "abc")])
def test_files_without_a_key_that_has_changed_are_not_read(catalog, monkeypatch, declared, ids):
    monkeypatch.setattr("binlog_relay_lake.iceberg_writes._SMALL_BYTES", 0)
    reads = []
    read = iceberg_writes.Writes._read
    monkeypatch.setattr(iceberg_writes.Writes, "_read", lambda self, task: reads.append(task) or read(self, task))
    definition = Definition({"id": declared, "note": "text"}, ("id",))
    table = made(catalog, definition)
    paths = []
    for id in ids:
        table.commit(batch_of([{"id": str(id), "note": "x"}], definition), STATE)
        paths.append({task.file.file_path for task in catalog.load_table(("shop", "orders")).scan().plan_files()})
    assert paths[0] < paths[1] < paths[2]
    table.commit(batch_of([{"id": str(ids[1]), "note": "y"}], definition), STATE)
    paths.append({task.file.file_path for task in catalog.load_table(("shop", "orders")).scan().plan_files()})
    assert len(paths[3] & paths[2]) == 2
    assert len(reads) == 1
    assert [note for _, note in rows_of(catalog)] == ["x", "y", "x"]


@pytest.mark.parametrize(
    ("key", "types", "first", "second"),
    [
        (("a", "b"), {"a": "int", "b": "varchar(9)", "v": "int"}, ["1", "x"], ["1", "y"]),
        (("a", "b"), {"a": "decimal(20,2)", "b": "binary(2)", "v": "int"}, ["1.50", "AAE="], ["1.50", "AAI="]),
        (
            ("a", "b"), {"a": "datetime(3)", "b": "date", "v": "int"},
            ["2026-01-01 00:00:00.001", "2026-01-01"], ["2026-01-01 00:00:00.002", "2026-01-01"],
        ),
        (("a",), {"a": "bigint unsigned", "v": "int"}, ["18446744073709551615"], ["1"]),
        (("a",), {"a": "varbinary(9)", "v": "int"}, ["AAE="], ["AAI="]),
        (("a",), {"a": "timestamp(6)", "v": "int"}, ["2026-01-01 00:00:00.000001"], ["2026-01-01 00:00:00.000002"]),
        (("a",), {"a": "varchar(300)", "v": "int"}, ["long" * 20 + "a"], ["long" * 20 + "b"]),
        (("a",), {"a": "decimal(65,30)", "v": "int"}, ["1.1"], ["1.2"]),
    ],
)  # fmt: skip
def test_keys_of_every_type(catalog, key, types, first, second):
    definition = Definition(types, key)
    table = made(catalog, definition)

    def row(key_values, v):
        return {**dict(zip(key, key_values, strict=True)), "v": v}

    table.commit(batch_of([row(first, "1"), row(second, "2")], definition), STATE)
    table.commit(batch_of([row(first, "3")], definition, deleted=[row(second, "2")]), STATE)
    assert [row[-1] for row in rows_of(catalog)] == [3]


def test_columns_come_and_go_and_types_widen(catalog):
    table = made(catalog)
    table.commit(batch_of([order(1), order(2)]), STATE)
    wider = Definition({"id": "bigint unsigned", "amount": "decimal(14,4)", "extra": "int"}, ("id",))
    table.commit(batch_of([{"id": "2", "amount": "3.1234", "extra": "7"}], wider), STATE)
    table.commit(batch_of([order(3)]), STATE)
    scanned = catalog.load_table(("shop", "orders")).scan().to_arrow().to_pylist()
    rows = {int(row["id"]): (row["amount"], row["note"], row["extra"]) for row in scanned}
    D = decimal.Decimal
    assert rows == {
        1: (D("1.0000"), "x", None), 2: (D("3.1234"), None, 7), 3: (D("1.0000"), "x", None),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("before", "value", "after", "other", "expected"),
    [
        ("int", "7", "varchar(9)", "x", ["7", "x"]),
        ("int", "7", "bigint", "8000000000", [7, 8000000000]),
        ("float", "0.5", "double", "0.25", [0.5, 0.25]),
        ("int", "7", "decimal(10,2)", "1.25", [decimal.Decimal("7.00"), decimal.Decimal("1.25")]),
        ("varbinary(9)", "AAE=", "varchar(9)", "x", ["AAE=", "x"]),
        ("varchar(9)", "x", "int", "7", ["x", "7"]),
        ("date", "2026-01-02", "datetime", "2026-01-02 03:04:05", ["2026-01-02 00:00:00", "2026-01-02 03:04:05"]),
    ],
)
def test_a_column_of_another_type_takes_one_that_holds_both(catalog, before, value, after, other, expected):
    first, second = (Definition({"id": "int", "v": type}, ("id",)) for type in (before, after))
    table = made(catalog, first)
    table.commit(batch_of([{"id": "1", "v": value}], first), STATE)
    table.commit(batch_of([{"id": "2", "v": other}], second), STATE)
    scanned = sorted(catalog.load_table(("shop", "orders")).scan().to_arrow().to_pylist(), key=lambda row: row["id"])
    got = [row["v"] for row in scanned]
    assert [str(v) if before == "date" else v for v in got] == expected


def test_sweeps_remove_what_came_in_the_lane_before(catalog):
    table = made(catalog)
    table.commit(batch_of([order(1), order(2)], offset=5, lane="a"), STATE)
    table.commit(batch_of([order(3)], offset=5, lane="b"), STATE)
    batch = batch_of([order(4)], offset=8)
    batch.sweep("a", 9)
    batch.upsert(order(2, "7.00"), None, "a", 10)
    table.commit(batch, STATE)
    assert [(int(id), str(amount)) for id, amount, _ in rows_of(catalog)] == [(2, "7.00"), (3, "1.00")]


def test_a_value_that_does_not_fit_names_its_place(catalog):
    definition = Definition({"id": "int", "at": "date"}, ("id",))
    rows = [{"id": "1", "at": "2026-01-01"}, {"id": "2", "at": "0000-00-00"}]
    table = made(catalog, definition)
    with pytest.raises(LakeError, match=r"column at, date, is no date .* lane a at offset 42") as error:
        table.commit(batch_of(rows, definition, offset=42), STATE)
    assert error.value.code == "VALUE_UNFIT"
    assert "0000-00-00" not in error.value.message.replace("such as 0000-00-00", "")
    for option, expected in (("null", None), ("text", "0000-00-00")):
        table = made(catalog, definition, option, zero_dates=option)
        table.commit(batch_of(rows, definition), STATE)
        assert rows_of(catalog, option)[1][1] == expected
