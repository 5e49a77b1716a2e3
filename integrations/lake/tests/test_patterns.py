from __future__ import annotations

import pytest

from binlog_relay_lake.errors import LakeError
from binlog_relay_lake.patterns import TableFilter


@pytest.mark.parametrize(
    ("patterns", "database", "table", "matches"),
    [
        (["shop.orders"], "shop", "orders", True),
        (["shop.orders"], "shop", "orders_2024", False),
        (["shop.orders"], "Shop", "orders", False),
        (["*.*"], "x", "", True),
        (["sh?p.*_items"], "shop", "order_items", True),
        (["sh?p.*_items"], "shoop", "order_items", False),
        (["`a.b`.`c``d`"], "a.b", "c`d", True),
        (["`*`.t"], "shop", "t", False),
        (["店.订单"], "店", "订单", True),
        (["a.b", "c.d"], "c", "d", True),
        (["a-b.$c_1"], "a-b", "$c_1", True),
    ],
)
def test_patterns(patterns: list[str], database: str, table: str, matches: bool) -> None:
    assert TableFilter(patterns).includes(database, table) == matches
    assert not TableFilter(patterns, patterns).includes(database, table)


def test_names_in_statements_have_no_case() -> None:
    tables = TableFilter(["shop.order*"], ["shop.orders_old"])
    assert tables.may_include("SHOP", "Orders") and not tables.may_include("x", "orders")
    assert tables.may_include("Shop", None) and not tables.may_include("x", None)
    assert not tables.may_include("shop", "orders_old")


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("shop", "must have the form database.table"),
        ("a.b.c", "must have the form database.table"),
        ("a.", "has an empty name"),
        ("", "has an empty name"),
        ("a%.b", "the wildcard for any characters is \\*"),
        ("a b.c", "holds ' '"),
        ("`a.b", "backticks that do not fit"),
        ("`a`x.b", "backticks that do not fit"),
        ("a." + "x" * 65, "at most 64"),
    ],
)
def test_what_is_no_pattern(pattern: str, problem: str) -> None:
    with pytest.raises(LakeError, match=problem):
        TableFilter([pattern])
