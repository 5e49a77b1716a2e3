"""The protocol against what a real broker has sent (RocketMQ 5.3.3), and against bytes made by hand."""

from __future__ import annotations

import json
import random
import struct
import zlib
from pathlib import Path

import pytest
from messages import QUEUE

from binlog_relay_lake import frames
from binlog_relay_lake.changes import QueueReader
from binlog_relay_lake.errors import LakeError

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str) -> frames.Answer:
    answer = frames.answer_of((GOLDEN / f"{name}.frame").read_bytes())
    assert answer is not None
    return answer


def test_a_request_is_length_header_length_and_header() -> None:
    frame = frames.request(frames.GET_MAX_OFFSET, 7, {"topic": "t", "queueId": 3})
    head = (
        b'{"code": 30, "language": "PYTHON", "version": 475, "opaque": 7, "flag": 0, "extFields": {"topic": "t",'
        b' "queueId": "3"}, "serializeTypeCurrentRPC": "JSON"}'
    )
    assert frame == struct.pack(">ii", len(head) + 4, len(head)) + head


def test_a_signature_covers_the_values_in_the_order_of_their_names() -> None:
    # printf 'userbroker-a3t' | openssl dgst -sha1 -hmac secret -binary | base64
    fields = {"topic": "t", "queueId": "3", "bname": "broker-a", "AccessKey": "user"}
    assert frames.signature(fields, b"", "secret") == "pt83K5sJNL+QLeAqtbRLdXttI58="
    signed = json.loads(frames.request(30, 1, {"topic": "t", "queueId": 3}, "user", "secret")[8:])["extFields"]
    assert signed["AccessKey"] == "user"
    assert signed["Signature"] == frames.signature({"topic": "t", "queueId": "3", "AccessKey": "user"}, b"", "secret")


def test_a_route_names_brokers_and_queues() -> None:
    route = frames.route_of(golden("route").body)
    assert route.queues == (("broker-a", 0),)
    assert list(route.brokers) == ["broker-a"]


def test_a_route_without_master_goes_to_a_slave_and_leaves_out_what_cannot_be_read() -> None:
    route = frames.route_of(
        json.dumps(
            {
                "brokerDatas": [
                    {"brokerName": "b", "brokerAddrs": {"2": "two:1", "1": "one:1"}},
                    {"brokerName": "a", "brokerAddrs": {"0": "zero:1", "1": "one:1"}},
                    {"brokerName": "c", "brokerAddrs": {"0": "c:1"}},
                ],
                "queueDatas": [
                    {"brokerName": "b", "perm": 6, "readQueueNums": 2},
                    {"brokerName": "a", "perm": 4, "readQueueNums": 1},
                    {"brokerName": "c", "perm": 2, "readQueueNums": 4},
                ],
            }
        ).encode()
    )
    assert route.queues == (("a", 0), ("b", 0), ("b", 1))
    assert route.brokers["a"] == "zero:1" and route.brokers["b"] == "one:1"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"brokerDatas": [], "queueDatas": [{}]}'])
def test_what_is_no_route_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ValueError):
        frames.route_of(body)


def test_messages_of_a_real_broker() -> None:
    messages = frames.messages_of(golden("pull").body, "Topic t, queue broker-a:0")
    assert [message.offset for message in messages] == list(range(7))
    assert [message.tag for message in messages] == ["golden.pets"] * 3 + ["ddl"] + ["progress"] * 3
    assert messages[0].keys == "1 2"
    assert messages[0].properties["__SHARDINGKEY"] == "lane-0"
    assert messages[0].properties["sequence"] == "1" and "resume" in messages[0].properties
    assert messages[0].stored_ms >= messages[0].born_ms > 1_700_000_000_000
    reader = QueueReader("t", QUEUE)
    read = [reader.read(message) for message in messages]
    insert, update, delete, statement = (changes for changes in read if changes is not None)
    assert [json.loads(row) for row in insert.data] == [
        {"id": "1", "name": "Tom 猫", "photo": "AP8="},
        {"id": "2", "name": '"},{"id":"', "photo": None},
    ]
    assert [(row.row["name"], row.old) for row in update.rows()] == [("Rex", {"name": '"},{"id":"'})]
    assert delete.kind == "DELETE" and [row.row["id"] for row in delete.rows()] == ["1"]
    assert statement.sql == "ALTER TABLE pets ADD COLUMN age INT"
    assert statement.more["tables"] == [["golden", "pets"]] and statement.more["lanes"] == 1


def test_a_body_that_was_damaged_on_its_way_is_seen() -> None:
    frame = bytearray(golden("pull").body)
    frame[frame.index(b'"name":"Tom')] ^= 1
    with pytest.raises(LakeError, match="Topic t, queue broker-a:0, offset 0.*checksum"):
        frames.messages_of(bytes(frame), "Topic t, queue broker-a:0")


def test_no_damage_gives_anything_but_an_error_or_messages() -> None:
    body = golden("pull").body
    randoms = random.Random(7)
    for _ in range(2000):
        damaged = bytearray(body)
        for _ in range(randoms.randint(1, 4)):
            damaged[randoms.randrange(len(damaged))] = randoms.randrange(256)
        cut = damaged[: randoms.choice([len(damaged), randoms.randrange(len(damaged))])]
        try:
            frames.messages_of(bytes(cut), "here")
        except LakeError as error:
            assert error.code in ("MESSAGE_DAMAGED", "MESSAGE_UNREADABLE", "BODY_COMPRESSED")


def stored(body: bytes, flags: int, magic: int = 0xDAA320A7) -> bytes:
    hosts = 20 if flags & 0x10 else 8, 20 if flags & 0x20 else 8
    properties = b"TAGS\x01a.b\x02KEYS\x01k\x02"
    rest = struct.pack(">q", 11) + bytes(hosts[0]) + struct.pack(">q", 22) + bytes(hosts[1]) + bytes(4 + 8)
    rest += struct.pack(">i", len(body)) + body
    rest += b"\x01t" if magic == 0xDAA320A7 else b"\x00\x01t"
    rest += struct.pack(">H", len(properties)) + properties
    head = struct.pack(">IIiiqqi", magic, zlib.crc32(body) & 0x7FFFFFFF, 0, 0, 5, 6, flags)
    return struct.pack(">i", 4 + len(head) + len(rest)) + head + rest


@pytest.mark.parametrize("flags", [0, 0x10, 0x20, 0x30])
@pytest.mark.parametrize("magic", [0xDAA320A7, 0xDAA320AB])
def test_addresses_of_both_lengths_and_both_versions(flags: int, magic: int) -> None:
    (message,) = frames.messages_of(stored(b"body", flags, magic), "here")
    assert (message.body, message.tag, message.keys) == (b"body", "a.b", "k")
    assert (message.offset, message.born_ms, message.stored_ms) == (5, 11, 22)


def test_bodies_that_were_compressed() -> None:
    text = b"a text " * 100
    for flags in (0x1, 0x301):
        (message,) = frames.messages_of(stored(zlib.compress(text), flags), "here")
        assert message.body == text
    with pytest.raises(LakeError, match="offset 5.*compressed by lz4"):
        frames.messages_of(stored(b"x", 0x101), "here")
    with pytest.raises(LakeError, match="compressed by zstd"):
        frames.messages_of(stored(b"x", 0x201), "here")
    with pytest.raises(LakeError, match="cannot be decompressed"):
        frames.messages_of(stored(b"x", 0x1), "here")


@pytest.mark.parametrize(
    "frame",
    [b"", b"\x00\x00", b"\x01\x00\x00\x02{}", b"\x00\x00\x00\x09{}", b"\x00\x00\x00\x02{}", b"\x00\x00\x00\x02xx"],
)
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(ValueError):
        frames.answer_of(frame)


def test_a_request_of_the_server_is_no_answer() -> None:
    head = b'{"code":40,"flag":0,"opaque":1}'
    assert frames.answer_of(struct.pack(">i", len(head)) + head) is None
