"""Messages that a broker has in part only are told from whole ones, and from those of other programs."""

from __future__ import annotations

import json
import struct
import zlib

import pytest
from messages import QUEUE, SERVER, body_of, message_of

from binlog_relay_lake import frames
from binlog_relay_lake.changes import QueueReader
from binlog_relay_lake.errors import LakeError
from binlog_relay_lake.frames import Message
from binlog_relay_lake.torn import torn_because

BODY = body_of("INSERT", [{"id": "1", "name": "猫"}], ["1#0"])
#: In the order in which RocketMQ 5.3 and 5.4 store them: that of a HashMap of 128 slots.
PROPERTIES = {
    "MSG_REGION": "DefaultRegion",
    "__SHARDINGKEY": "lane-0",
    "UNIQ_KEY": "0102FC0000000106A50B1EC83100000001",
    "CLUSTER": "DefaultCluster",
    "PGROUP": "order-binlog",
    "RECONSUME_TIME": "0",
    "last": f"{SERVER}:1#0",
    "kind": "INSERT",
    "format": "canal-json",
    "optional": "resume,marks",
    "sequence": "1",
    "TAGS": "shop.订单",
    "schema": "shop",
    "epoch": "1",
    "BORN_TIMESTAMP": "1796025905230",
    "stream": "s1",
    "KEYS": "1 猫",
    "table": "订单",
    "resume": f"{SERVER}:1-4",
    "marks": "invalidText",
    "rows": "1",
    "first": f"{SERVER}:1#0",
}


def stored(properties: bytes, offset: int = 0, body: bytes = BODY) -> Message:
    rest = struct.pack(">q", 11) + bytes(8) + struct.pack(">q", 22) + bytes(8) + bytes(12)
    rest += struct.pack(">i", len(body)) + body + b"\x01t" + struct.pack(">H", len(properties)) + properties
    head = struct.pack(">IIiiqqi", 0xDAA320A7, zlib.crc32(body) & 0x7FFFFFFF, 0, 0, offset, 0, 0)
    (message,) = frames.messages_of(struct.pack(">i", 4 + len(head) + len(rest)) + head + rest, "here")
    return message


def encoded(properties: dict[str, str]) -> bytes:
    return "".join(f"{name}\x01{value}\x02" for name, value in properties.items()).encode()


@pytest.mark.parametrize("left_out", [(), ("optional",)])
def test_zeros_from_any_byte_on(left_out: tuple[str, ...]) -> None:
    whole = encoded({name: value for name, value in PROPERTIES.items() if name not in left_out})
    assert torn_because(stored(whole)) is None
    for cut in range(len(whole)):
        assert torn_because(stored(whole[:cut] + bytes(len(whole) - cut))) is not None, whole[:cut]


def test_zeros_between_any_two_bytes() -> None:
    whole = encoded(PROPERTIES)
    used = [name for name in PROPERTIES if name in ("__SHARDINGKEY", "TAGS") or (name.islower() and name != "optional")]
    for start in range(0, len(whole), 3):
        for end in range(start + 1, len(whole)):
            message = stored(whole[:start] + bytes(end - start) + whole[end:])
            if torn_because(message) is None:
                assert all(message.properties.get(name) == PROPERTIES[name] for name in used)


def test_a_reader_drops_them_and_says_so() -> None:
    told: list[tuple[str, str]] = []
    reader = QueueReader("t", QUEUE, accepted_marks=["invalidText"], on_torn=lambda *what: told.append(what))
    whole = encoded(PROPERTIES)
    for offset, cut in enumerate((0, 60, 400)):
        assert reader.read(stored(whole[:cut] + bytes(len(whole) - cut), offset)) is None
    read = reader.read(stored(whole, 3))
    assert read is not None and read.table == "orders" and read.ids == [f"{SERVER}:1#0"]
    assert told == [
        ("Topic t, queue broker-a:0, offset 0 (tag )", "it has no tag"),
        ("Topic t, queue broker-a:0, offset 1 (tag )", "its properties are cut off at UNIQ_KEY"),
        ("Topic t, queue broker-a:0, offset 2 (tag shop.订单)", told[2][1]),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"no JSON",
        b"[]",
        json.dumps({**json.loads(BODY), "source": None}).encode(),
        json.dumps({**json.loads(BODY), "changes": []}).encode(),
        json.dumps({name: value for name, value in json.loads(BODY).items() if name != "changes"}).encode(),
    ],
)
def test_a_message_of_another_program_is_unreadable(body: bytes) -> None:
    with pytest.raises(LakeError) as raised:
        QueueReader("t", QUEUE).read(stored(b"", 7, body))
    assert raised.value.code == "MESSAGE_UNREADABLE"
    assert "offset 7" in raised.value.message


def test_no_broker_is_killed_seventeen_times_in_a_row() -> None:
    reader = QueueReader("t", QUEUE, on_torn=lambda place, why: None)
    for offset in range(16):
        assert reader.read(stored(bytes(100), offset)) is None
    assert reader.read(message_of(16, BODY)) is not None
    for offset in range(17, 33):
        assert reader.read(stored(bytes(100), offset)) is None
    with pytest.raises(LakeError, match=r"offset 33 .*as in the 16 messages before it"):
        reader.read(stored(bytes(100), 33))
