"""RocketMQ's remoting protocol as bytes: requests, answers, routes, messages. Pure: no socket."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import LakeError

# Requests and answers: RequestCode and ResponseCode of RocketMQ.
PULL_MESSAGE = 11
SEARCH_OFFSET_BY_TIMESTAMP = 29
GET_MAX_OFFSET = 30
GET_MIN_OFFSET = 31
GET_ROUTE_BY_TOPIC = 105

SUCCESS = 0
PULL_NOT_FOUND = 19
PULL_RETRY_IMMEDIATELY = 20
PULL_OFFSET_MOVED = 21

CODE_NAMES = {
    1: "SYSTEM_ERROR",
    2: "SYSTEM_BUSY",
    3: "REQUEST_CODE_NOT_SUPPORTED",
    11: "SLAVE_NOT_AVAILABLE",
    13: "MESSAGE_ILLEGAL",
    14: "SERVICE_NOT_AVAILABLE",
    15: "VERSION_NOT_SUPPORTED",
    16: "NO_PERMISSION",
    17: "TOPIC_NOT_EXIST",
    19: "PULL_NOT_FOUND",
    20: "PULL_RETRY_IMMEDIATELY",
    21: "PULL_OFFSET_MOVED",
    22: "QUERY_NOT_FOUND",
    23: "SUBSCRIPTION_PARSE_FAILED",
    24: "SUBSCRIPTION_NOT_EXIST",
    25: "SUBSCRIPTION_NOT_LATEST",
    26: "SUBSCRIPTION_GROUP_NOT_EXIST",
    29: "QUERY_OFFSET_ILLEGAL",
    215: "POLLING_TIMEOUT",
    1000: "REQUEST_TIMED_OUT",
}

# Flags of a pull: PullSysFlag.
MAY_WAIT = 2
HAS_SUBSCRIPTION = 4

# Flags of a stored message: MessageSysFlag.
_COMPRESSED = 0x1
_BORN_HOST_V6 = 0x10
_STORE_HOST_V6 = 0x20
_INNER_BATCH = 0x80
_COMPRESSIONS = {0: "zlib", 1: "lz4", 2: "zstd", 3: "zlib"}

_MAGIC_V1 = 0xDAA320A7
_MAGIC_V2 = 0xDAA320AB
_HEAD = struct.Struct(">IIIiiqqiq")
_IS_ANSWER = 1
_VERSION = 475  # of a client that knows JSON answers


@dataclass(frozen=True, slots=True)
class Answer:
    opaque: int
    code: int
    remark: str
    fields: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the broker has it. `body`: as it was sent, decompressed.

    `properties` has RocketMQ's own, too (`__SHARDINGKEY` is the lane). `born_ms`, `stored_ms`: ms since 1970, by the
    clocks of the sender and of the broker.
    """

    offset: int
    body: bytes
    tag: str
    keys: str
    properties: dict[str, str]
    born_ms: int
    stored_ms: int


@dataclass(frozen=True, slots=True)
class Route:
    """`brokers`: name to address. `queues`: (broker, id) of those that may be read, in order."""

    brokers: Mapping[str, str]
    queues: tuple[tuple[str, int], ...]


def code_name(code: int) -> str:
    name = CODE_NAMES.get(code)
    return f"code {code}" if name is None else f"{name} (code {code})"


def signature(fields: Mapping[str, str], body: bytes, secret: str) -> str:
    """The values in the order of their names, then the body: HMAC-SHA1, in base64."""
    content = "".join(fields[name] for name in sorted(fields)).encode() + body
    return base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha1).digest()).decode()


def request(
    code: int, opaque: int, fields: Mapping[str, object], access_key: str | None = None, secret_key: str | None = None
) -> bytes:
    """A frame: length, length of the header, header in JSON. Ours have no body."""
    texts = {name: str(value) for name, value in fields.items()}
    if access_key is not None and secret_key is not None:
        texts["AccessKey"] = access_key
        texts["Signature"] = signature(texts, b"", secret_key)
    head = json.dumps(
        {
            "code": code,
            "language": "PYTHON",
            "version": _VERSION,
            "opaque": opaque,
            "flag": 0,
            "extFields": texts,
            "serializeTypeCurrentRPC": "JSON",
        }
    ).encode()
    return struct.pack(">ii", 4 + len(head), len(head)) + head


def answer_of(frame: bytes) -> Answer | None:
    """A frame without its length; None for a request of the server, which nobody here answers.

    Raises ValueError when it is no frame of the protocol.
    """
    if len(frame) < 4:
        raise ValueError("a frame of less than 4 bytes")
    mark = int.from_bytes(frame[:4], "big")
    if mark >> 24 != 0:
        raise ValueError(f"a header of encoding {mark >> 24}, not JSON")
    end = 4 + (mark & 0xFFFFFF)
    if end > len(frame):
        raise ValueError("a header that is longer than its frame")
    head = json.loads(frame[4:end])
    if not isinstance(head, dict) or not isinstance(head.get("code"), int) or not isinstance(head.get("opaque"), int):
        raise ValueError("a header without code and opaque")
    if not head.get("flag", 0) & _IS_ANSWER:
        return None
    fields = {str(name): str(value) for name, value in (head.get("extFields") or {}).items()}
    return Answer(head["opaque"], head["code"], str(head.get("remark") or ""), fields, frame[end:])


def route_of(body: bytes) -> Route:
    """Raises ValueError when it is no route. A broker without master is read at its first slave."""
    try:
        route = json.loads(body)
        brokers = {}
        for broker in route["brokerDatas"]:
            addresses = {int(id): str(address) for id, address in broker["brokerAddrs"].items()}
            if addresses:
                brokers[str(broker["brokerName"])] = addresses[min(addresses)]
        queues = sorted(
            (str(entry["brokerName"]), id)
            for entry in route["queueDatas"]
            if int(entry["perm"]) & 4 and entry["brokerName"] in brokers
            for id in range(int(entry["readQueueNums"]))
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no route of a topic: {error!r}") from error
    return Route(brokers, tuple(queues))


def messages_of(body: bytes, place: str) -> list[Message]:
    """What a pull has brought, in order. `place`: for errors, such as `Topic t, queue broker-a:0`."""
    messages = []
    at = 0
    try:
        while at < len(body):
            size, message = _message_at(body, at, place)
            messages.append(message)
            at += size
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise LakeError("MESSAGE_DAMAGED", f"{place}: an answer of the broker cannot be read: {error}.") from error
    return messages


def _message_at(body: bytes, at: int, place: str) -> tuple[int, Message]:
    size, magic, checksum, _, _, offset, _, flags, born = _HEAD.unpack_from(body, at)
    here = f"{place}, offset {offset}"
    if magic not in (_MAGIC_V1, _MAGIC_V2) or size < _HEAD.size or at + size > len(body):
        raise LakeError("MESSAGE_DAMAGED", f"{here}: it is no stored message (magic {magic:08x}, {size} bytes).")
    p = at + _HEAD.size + (20 if flags & _BORN_HOST_V6 else 8)
    (stored,) = struct.unpack_from(">q", body, p)
    p += 8 + (20 if flags & _STORE_HOST_V6 else 8) + 4 + 8
    (length,) = struct.unpack_from(">i", body, p)
    p += 4
    content = body[p : p + length]
    p += length
    if zlib.crc32(content) & 0x7FFFFFFF != checksum & 0x7FFFFFFF:
        raise LakeError(
            "MESSAGE_DAMAGED", f"{here}: its body does not have the checksum that the broker stored with it."
        )
    if magic == _MAGIC_V2:
        (length,) = struct.unpack_from(">H", body, p)
        p += 2 + length
    else:
        p += 1 + body[p]
    (length,) = struct.unpack_from(">H", body, p)
    p += 2
    raw = body[p : p + length]
    # A torn message may end within a character (torn.py).
    properties = _properties_of(raw.decode(errors="replace" if b"\x00" in raw else "strict"))
    if p + length > at + size:
        raise LakeError("MESSAGE_DAMAGED", f"{here}: its properties reach beyond its end.")
    message = Message(
        offset,
        _decompressed(content, flags, here),
        properties.get("TAGS", ""),
        properties.get("KEYS", ""),
        properties,
        born,
        stored,
    )
    return size, message


def _properties_of(text: str) -> dict[str, str]:
    properties = {}
    for pair in text.split("\x02"):
        name, is_pair, value = pair.partition("\x01")
        if is_pair:
            properties[name] = value
    return properties


def _decompressed(content: bytes, flags: int, here: str) -> bytes:
    if flags & _INNER_BATCH:
        raise LakeError(
            "MESSAGE_UNREADABLE", f"{here}: several messages are stored as one, which the relay never sends."
        )
    if not flags & _COMPRESSED:
        return content
    way = _COMPRESSIONS.get(flags >> 8 & 7, f"number {flags >> 8 & 7}")
    if way != "zlib":
        raise LakeError("BODY_COMPRESSED", f"{here}: its body is compressed by {way}, which this client cannot read.")
    try:
        return zlib.decompress(content, 47)
    except zlib.error as error:
        raise LakeError("MESSAGE_DAMAGED", f"{here}: its body cannot be decompressed: {error}.") from error
