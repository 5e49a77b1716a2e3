from __future__ import annotations

import random

import pyarrow as pa
import pytest

from binlog_relay_lake.repeats import COLUMNS, Resume, keys_that_may_repeat

A = "98a72eff-ec50-11f1-8d25-02fc00000001"
B = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


@pytest.mark.parametrize(
    ("text", "transaction", "is_covered"),
    [
        (f"{A}:1-5", f"{A}:5", True),
        (f"{A}:1-5", f"{A}:6", False),
        (f"{A}:1-5:9", f"{A}:9", True),
        (f"{A}:1-5:9", f"{A}:8", False),
        (f"{A}:1-5,\n{B}:7", f"{B}:7", True),
        (f"{A.upper()}:1-5", f"{A}:1", True),
        (f"{A}:1-5:tag:1-3:7", f"{A}:tag:7", True),
        (f"{A}:1-5:tag:1-3", f"{A}:tag:4", False),
        (f"{A}:1-5:tag:1-3", f"{A}:4", True),
        (f"{A}:tag:1-3", f"{A}:3", False),
        ("0-1-23", "0-1:23", True),
        ("0-1-23", "0-1:24", False),
        ("0-1-23,1-7-5", "1-7:5", True),
        ("0-1-23", "0-2:1", False),
        ("binlog.000002:4184", f"{A}/binlog.000002:4183", True),
        ("binlog.000002:4184", f"{A}/binlog.000002:4184", False),
        ("binlog.000002:4184", f"{A}/binlog.000001:9999", True),
        ("binlog.000002:4184", f"{A}/binlog.000003:4", False),
        # Too long a set is given as a place, and then nobody can tell.
        ("binlog.000002:4184", f"{A}:1", False),
        ("", f"{A}:1", False),
        ("nonsense", "nonsense", False),
    ],
)
def test_what_a_run_began_behind(text: str, transaction: str, is_covered: bool) -> None:
    assert Resume(text).covers(transaction) == is_covered


def test_sets_agree_with_sets() -> None:
    randoms = random.Random(5)
    for _ in range(200):
        numbers = {randoms.randint(1, 40) for _ in range(randoms.randint(1, 20))}
        ranges, start = [], None
        for number in range(1, 42):
            if number in numbers and start is None:
                start = number
            if number not in numbers and start is not None:
                ranges.append(f"{start}" if start == number - 1 else f"{start}-{number - 1}")
                start = None
        resume = Resume(f"{A}:{':'.join(ranges)}")
        assert {number for number in range(1, 42) if resume.covers(f"{A}:{number}")} == numbers


def landed(rows: list[tuple[int, str]], kind: str = "INSERT") -> pa.Table:
    return pa.table(
        {
            "lane": ["lane-0"] * len(rows),
            "database": ["shop"] * len(rows),
            "table": ["orders"] * len(rows),
            "kind": [kind] * len(rows),
            "id": [id for _, id in rows],
            "offset": [offset for offset, _ in rows],
            "copy": ["1" if id.startswith("copy/") else None for _, id in rows],
        },
        pa.schema([(name, pa.int64() if name == "offset" else pa.string()) for name in COLUMNS]),
    )


def test_only_what_comes_behind_the_position_is_looked_for() -> None:
    rows = [(offset, f"{A}:{offset}#0") for offset in range(1000)]
    found = keys_that_may_repeat(landed(rows), [Resume(f"{A}:0-899")])
    keys = set(found.keys.to_pylist())
    assert {f"lane-0\x01shop\x01orders\x01{A}:{number}#0" for number in range(900, 1000)} <= keys
    assert len(keys) < 200
    assert not found.reaches_back


def test_a_file_that_is_before_the_position_is_the_last_to_be_looked_through() -> None:
    rows = [(offset, f"{A}:{offset}#0") for offset in range(1000)]
    found = keys_that_may_repeat(landed(rows), [Resume(f"{A}:0-2000")])
    assert found.reaches_back
    assert 0 < len(found.keys) < 100


def test_copied_rows_and_statements_say_nothing_of_the_position() -> None:
    found = keys_that_may_repeat(landed([(1, "copy/1/4:1#0")]), [Resume(f"{A}:1-9")])
    assert (len(found.keys), found.reaches_back) == (0, False)
    found = keys_that_may_repeat(landed([(1, f"{A}:1#ddl0")], "STATEMENT"), [Resume(f"{A}:1-9")])
    assert (len(found.keys), found.reaches_back) == (0, False)
    assert keys_that_may_repeat(landed([]), [Resume("")]).reaches_back is False
