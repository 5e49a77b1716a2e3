"""The client against a server of the protocol that answers as a broker would, or breaks off."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from test_frames import golden, stored

from binlog_relay_lake import frames
from binlog_relay_lake.errors import LakeError
from binlog_relay_lake.remoting import Queue, Topic

QUEUE = Queue("broker-a", 0)


@dataclass
class Says:
    code: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    remark: str = ""


def pulled(code: int, following: int, least: int, most: int, body: bytes = b"") -> Says:
    fields = {"nextBeginOffset": str(following), "minOffset": str(least), "maxOffset": str(most)}
    return Says(code, fields, body)


HANG_UP = b""


class Server:
    """`on`: what it says to requests of a code, one after the other; the last one stays. Bytes are sent as they are."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.connections = 0
        self._says: dict[int, list[Says | bytes]] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._sockets = [self._listener]
        self._spawn(self._accept)
        broker = {"brokerName": "broker-a", "brokerAddrs": {"0": self.address}}
        queues = {"brokerName": "broker-a", "perm": 6, "readQueueNums": 2}
        route = json.dumps({"brokerDatas": [broker], "queueDatas": [queues]}).encode()
        self.on(frames.GET_ROUTE_BY_TOPIC, Says(body=route))

    def on(self, code: int, *says: Says | bytes) -> None:
        self._says[code] = list(says)

    def close(self) -> None:
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _spawn(self, work: Callable[[], None]) -> None:
        def run() -> None:
            with contextlib.suppress(OSError, struct.error):
                work()

        threading.Thread(target=run, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            self.connections += 1
            self._sockets.append(connection)
            self._spawn(lambda connection=connection: self._serve(connection))

    def _serve(self, connection: socket.socket) -> None:
        file = connection.makefile("rb")
        while True:
            (size,) = struct.unpack(">i", file.read(4))
            request = json.loads(file.read(size)[4:])
            self.requests.append(request)
            waiting = self._says[request["code"]]
            says = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(says, bytes):
                connection.sendall(says)
                connection.shutdown(socket.SHUT_RDWR)
                return
            head = json.dumps(
                {
                    "code": says.code,
                    "flag": 1,
                    "opaque": request["opaque"],
                    "extFields": says.fields,
                    "remark": says.remark,
                }
            ).encode()
            connection.sendall(struct.pack(">ii", 4 + len(head) + len(says.body), len(head)) + head + says.body)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def topic(server: Server) -> Iterator[Topic]:
    with Topic(server.address, "t", timeout_s=5) as topic:
        yield topic


def test_queues_and_offsets(server: Server, topic: Topic) -> None:
    server.on(frames.GET_MIN_OFFSET, Says(fields={"offset": "3"}))
    server.on(frames.GET_MAX_OFFSET, Says(fields={"offset": "9"}))
    assert topic.queues() == [Queue("broker-a", 0), Queue("broker-a", 1)]
    assert (topic.min_offset(QUEUE), topic.max_offset(QUEUE)) == (3, 9)
    assert server.requests[-1]["extFields"] == {"topic": "t", "queueId": "0", "committed": "true"}
    # One for the name server, one for the broker.
    assert server.connections == 2


def test_a_pull_brings_messages_in_order(server: Server, topic: Topic) -> None:
    server.on(frames.PULL_MESSAGE, pulled(0, 7, 0, 7, golden("pull").body))
    result = topic.pull(QUEUE, 0, wait_ms=700)
    assert [message.offset for message in result.messages] == list(range(7))
    assert (result.next_offset, result.min_offset, result.max_offset) == (7, 0, 7)
    fields = server.requests[-1]["extFields"]
    assert (fields["subscription"], fields["sysFlag"], fields["suspendTimeoutMillis"]) == ("*", "6", "700")


def test_what_a_batch_brings_before_the_offset_is_left_out(server: Server, topic: Topic) -> None:
    server.on(frames.PULL_MESSAGE, pulled(0, 7, 0, 7, golden("pull").body))
    assert [message.offset for message in topic.pull(QUEUE, 2).messages] == list(range(2, 7))


def test_tags_are_looked_at_here_too(server: Server, topic: Topic) -> None:
    server.on(frames.PULL_MESSAGE, pulled(0, 7, 0, 7, golden("pull").body))
    result = topic.pull(QUEUE, 0, tags=["golden.pets", "a.b"])
    assert [message.offset for message in result.messages] == [0, 1, 2]
    assert result.next_offset == 7
    assert server.requests[-1]["extFields"]["subscription"] == "a.b || golden.pets"
    server.on(frames.PULL_MESSAGE, pulled(20, 5, 0, 9))
    assert topic.pull(QUEUE, 0, tags="x.y").next_offset == 5


def test_nothing_new(server: Server, topic: Topic) -> None:
    server.on(frames.PULL_MESSAGE, pulled(19, 7, 0, 7))
    assert topic.pull(QUEUE, 7) == (result := topic.pull(QUEUE, 7))
    assert (result.messages, result.next_offset) == ([], 7)


@pytest.mark.parametrize(
    ("says", "code", "text"),
    [
        (pulled(21, 5, 5, 9), "OFFSET_GONE", "from offset 2 on are gone, reading would go on at 5"),
        (pulled(20, 5, 5, 9), "OFFSET_GONE", "from offset 2 on are gone"),
        (pulled(19, 6, 0, 9), "OFFSET_GONE", "reading would go on at 6"),
        (pulled(0, 6, 0, 9, stored(b"x", 0)), "OFFSET_GONE", "from offset 2 on are gone, reading would go on at 5"),
        (pulled(21, 1, 0, 1), "OFFSET_BEYOND", "from offset 2 on, and ends at 1"),
        (Says(26, remark="no group"), "GROUP_MISSING", "updateSubGroup"),
        (Says(16, remark="no right"), "TOPIC_UNAUTHORIZED", "no right"),
        (Says(17), "TOPIC_MISSING", "does not exist"),
        (Says(2, remark="too much"), "BROKER_BUSY", "SYSTEM_BUSY (code 2): too much"),
        (Says(23), "BROKER_ERROR", "SUBSCRIPTION_PARSE_FAILED"),
        (Says(77), "BROKER_ERROR", "code 77"),
        (Says(0), "BROKER_ERROR", "no number minOffset"),
    ],
)
def test_what_is_wrong_is_said(server: Server, topic: Topic, says: Says, code: str, text: str) -> None:
    server.on(frames.PULL_MESSAGE, says)
    with pytest.raises(LakeError) as raised:
        topic.pull(QUEUE, 2)
    assert raised.value.code == code
    assert text in str(raised.value)
    assert "t" in raised.value.message


def test_an_offset_by_time_is_never_before_the_first_nor_behind_the_last(server: Server, topic: Topic) -> None:
    server.on(frames.GET_MIN_OFFSET, Says(fields={"offset": "2"}))
    server.on(frames.GET_MAX_OFFSET, Says(fields={"offset": "6"}))
    server.on(frames.SEARCH_OFFSET_BY_TIMESTAMP, Says(fields={"offset": "0"}))
    server.on(frames.PULL_MESSAGE, pulled(0, 6, 2, 6, stored(b"x", 0)))  # stored at 22
    assert topic.offset_at(QUEUE, 22) == 2
    assert topic.offset_at(QUEUE, 23) == 6
    server.on(frames.GET_MAX_OFFSET, Says(fields={"offset": "2"}))
    assert topic.offset_at(QUEUE, 1) == 2


def test_a_connection_that_was_closed_while_idle_is_opened_anew(server: Server, topic: Topic) -> None:
    server.on(frames.GET_MAX_OFFSET, Says(fields={"offset": "1"}), HANG_UP, Says(fields={"offset": "2"}))
    assert [topic.max_offset(QUEUE), topic.max_offset(QUEUE)] == [1, 2]


def test_a_broker_that_breaks_off_is_said_to_be_unreachable_and_asked_again_later(server: Server, topic: Topic) -> None:
    server.on(frames.GET_MAX_OFFSET, HANG_UP, Says(fields={"offset": "2"}))
    with pytest.raises(LakeError, match=r"brokerIP1") as raised:
        topic.max_offset(QUEUE)
    assert raised.value.code == "BROKER_UNREACHABLE" and raised.value.is_retried
    assert "broker-a" in raised.value.message and server.address in raised.value.message
    assert topic.max_offset(QUEUE) == 2
    # The route was looked up anew.
    assert [request["code"] for request in server.requests].count(frames.GET_ROUTE_BY_TOPIC) == 2


@pytest.mark.parametrize("garbage", [b"HTTP/1.1 400 Bad Request\r\n\r\n", struct.pack(">i", 6) + b"\x01\x00\x00\x02{}"])
def test_what_speaks_another_protocol_is_said_to(server: Server, topic: Topic, garbage: bytes) -> None:
    server.on(frames.GET_MAX_OFFSET, garbage)
    with pytest.raises(LakeError, match="does not speak RocketMQ's remoting protocol"):
        topic.max_offset(QUEUE)


def test_a_server_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with Topic(address, "t", timeout_s=0.2) as topic, pytest.raises(LakeError, match="timed out") as raised:
            topic.queues()
    assert raised.value.code == "NAME_SERVER_UNREACHABLE"


def test_the_next_name_server_is_asked_when_one_is_away(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        away = f"127.0.0.1:{gone.getsockname()[1]}"
    with Topic(f"{away};{server.address}", "t") as topic:
        assert len(topic.queues()) == 2


def test_closing_ends_a_call_under_way_in_another_thread(server: Server) -> None:
    topic = Topic(server.address, "t", timeout_s=60)
    asked, released = threading.Event(), threading.Event()

    class Slow(list[Any]):
        def __len__(self) -> int:
            asked.set()
            released.wait(60)
            return 1

    server._says[frames.GET_MAX_OFFSET] = Slow([HANG_UP])
    errors: list[LakeError] = []

    def call() -> None:
        try:
            topic.max_offset(QUEUE)
        except LakeError as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    asked.wait(60)
    topic.close()
    thread.join(60)
    released.set()
    assert [error.code for error in errors] == ["TOPIC_CLOSED"]


@pytest.mark.parametrize("address", ["", "host", "host:", "a:1,b:2", "a:1;b"])
def test_addresses(address: str) -> None:
    with pytest.raises(LakeError, match="host:port"):
        Topic(address, "t")


def test_keys_go_together() -> None:
    with pytest.raises(LakeError, match="together"):
        Topic("a:1", "t", access_key="user")
