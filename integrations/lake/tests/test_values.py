"""Every value of MySQL comes back from its typed column as the text that it was."""

from __future__ import annotations

import base64
import datetime
import decimal
import struct

import pyarrow as pa
import pytest

from binlog_relay_lake.schema import ColumnType, column_type
from binlog_relay_lake.values import UnfitValueError, array_of

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

settings.register_profile("lake", max_examples=60, deadline=None, database=None)
settings.load_profile("lake")


def integers(low, high):
    return st.integers(low, high).map(str)


def decimals(digits, scale):
    def text(n):
        sign, rest = ("-" if n < 0 else ""), str(abs(n)).rjust(scale + 1, "0")
        return f"{sign}{rest[:-scale]}.{rest[-scale:]}" if scale else f"{sign}{abs(n)}"

    return st.integers(-(10**digits) + 1, 10**digits - 1).map(text)


def shortest(number, pack):
    """As MySQL's relay writes it: the shortest digits that give the same bits."""
    if pack == "d":
        return repr(number)
    return next(
        t for t in (f"{number:.{n}g}" for n in range(1, 18)) if struct.pack("f", float(t)) == struct.pack("f", number)
    )


def times(fraction):
    pad = lambda text: text[: -6 + fraction] if 0 < fraction < 6 else (text if fraction else text[:-7])  # noqa: E731
    low, high = datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)
    return (
        st.datetimes(low, high)
        .map(lambda t: pad(f"{t:%H:%M:%S.%f}"))
        .flatmap(lambda clock: st.dates(datetime.date(1000, 1, 1)).map(lambda day: f"{day.isoformat()} {clock}"))
    )


blobs = st.binary(max_size=40).map(lambda b: base64.b64encode(b).decode())
words = st.text(max_size=20)
VALUES = {
    "tinyint": integers(-128, 127),
    "tinyint unsigned": integers(0, 255),
    "smallint": integers(-32768, 32767),
    "smallint unsigned": integers(0, 65535),
    "mediumint": integers(-(2**23), 2**23 - 1),
    "mediumint unsigned": integers(0, 2**24 - 1),
    "int": integers(-(2**31), 2**31 - 1),
    "int unsigned": integers(0, 2**32 - 1),
    "bigint": integers(-(2**63), 2**63 - 1),
    "bigint unsigned": integers(0, 2**64 - 1),
    "year": st.integers(1901, 2155).map(str),
    "bit(1)": integers(0, 1),
    "bit(63)": integers(0, 2**63 - 1),
    "bit(64)": integers(0, 2**64 - 1),
    "decimal(12,2)": decimals(12, 2),
    "decimal(38,0)": decimals(38, 0),
    "decimal(38,30)": decimals(38, 30),
    "decimal(65,30)": decimals(65, 30),
    "float": st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda f: shortest(f, "f")),
    "double": st.floats(allow_nan=False, allow_infinity=False).map(lambda f: shortest(f, "d")),
    "date": st.dates().map(lambda day: day.isoformat()),
    "datetime": times(0),
    "datetime(3)": times(3),
    "datetime(6)": times(6),
    "timestamp(6)": times(6),
    "time(3)": st.just("-838:59:59.000"),
    "char(4)": words,
    "varchar(20)": words,
    "longtext": words,
    "enum('new','paid')": words,
    "set('a','b')": words,
    "json": words,
    "inet9": words,
    "binary(4)": blobs,
    "varbinary(300)": blobs,
    "longblob": blobs,
    "geometry": blobs,
    "multipolygon": blobs,
    "geomcollection": blobs,
    "vector(2)": blobs,
}


def text_of(value, declared, type: ColumnType):
    """What MySQL prints; of a FLOAT its bits."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        fraction = int(declared.partition("(")[2].rstrip(")") or 0)
        return f"{value.isoformat(' ')[:10]} {value:%H:%M:%S}" + (
            f".{value.microsecond:06}"[: fraction + 1] if fraction else ""
        )
    if isinstance(value, float):
        return struct.pack("f" if type.kind == "float" else "d", value)
    return f"{value:f}" if isinstance(value, decimal.Decimal) else str(value)


def expected(text, type):
    if text is not None and type.kind in ("float", "double"):
        return struct.pack("f" if type.kind == "float" else "d", float(text))
    return text


@pytest.mark.parametrize("declared", VALUES)
@given(data=st.data())
def test_round_trip(declared, data):
    texts = data.draw(st.lists(st.none() | VALUES[declared], max_size=5))
    type = column_type(declared)
    array = array_of(texts, type)
    assert array.type == type.arrow()
    assert ColumnType.of_arrow(array.type) == type
    assert [text_of(v, declared, type) for v in array.to_pylist()] == [expected(t, type) for t in texts]


@given(st.binary(max_size=40))
def test_latin1_gives_the_bytes(value):
    assert array_of([value.decode("latin-1")], column_type("blob"), "latin1").to_pylist() == [value]


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ("date", "0000-00-00"), ("date", "2026-00-00"), ("datetime", "2026-02-00 00:00:00"),
        ("timestamp", "0000-00-00 00:00:00"),
        ("date", "0000-01-01"), ("int", "2147483648"), ("bigint", "9223372036854775808"), ("decimal(4,2)", "123.45"),
        ("decimal(4,2)", "1.234"), ("blob", "é"), ("float", "x"), ("datetime", "2026-02-30 00:00:00"),
        ("date", "2026-1-1"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_at_its_place(declared, text):
    with pytest.raises(UnfitValueError) as error:
        array_of([None, text], column_type(declared))
    assert error.value.index == 1
    assert text not in error.value.why or text == "0000-00-00"


@pytest.mark.parametrize("declared", ["date", "datetime(3)", "timestamp"])
def test_zero_dates_become_text_or_null(declared):
    assert array_of(["0000-00-00"], column_type(declared, "text")).to_pylist() == ["0000-00-00"]
    assert array_of(["0000-00-00"], column_type(declared, "null")).to_pylist() == [None]


@given(st.sampled_from(sorted(VALUES)), st.sampled_from(sorted(VALUES)))
def test_joined_types_hold_both_in_any_order(a, b):
    first, second = column_type(a), column_type(b)
    joined = first.joined(second)
    assert joined == second.joined(first)
    assert joined.joined(first) == joined
    assert first.is_promoted_to(joined) or first != joined


def test_types_of_another_time_zone():
    assert column_type("timestamp(3)", time_zone="+08:00").arrow() == pa.timestamp("us")
    assert column_type("int unsigned zerofill").kind == "long"
    assert column_type("year(4)").kind == "int"
