"""Reads a topic of RocketMQ queue by queue, at any offset, over the remoting protocol. Standard library only.

Name servers and brokers must be reachable from here, brokers at the address that they announce (brokerIP1).
"""

from __future__ import annotations

import contextlib
import re
import ssl
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from . import frames
from .connection import Access, Connection, tls_context
from .errors import LakeError
from .frames import Answer, Message, Route

__all__ = ["Message", "Pulled", "Queue", "Topic"]

DEFAULT_GROUP = "binlog-relay-lake"
_ADDRESS = re.compile(r"([^\s:;]+|\[[0-9a-fA-F:]+\]):\d{1,5}")
_FIRST_OF_TIMESTAMP = "LOWER"


@dataclass(frozen=True, order=True, slots=True)
class Queue:
    broker: str
    id: int

    def __str__(self) -> str:
        return f"{self.broker}:{self.id}"


@dataclass(frozen=True, slots=True)
class Pulled:
    """`messages`: in order, those with one of the tags. `next_offset`: where to read on. `min_offset` and `max_offset`:
    the first that the queue has, and one more than its last, when the broker answered."""

    messages: list[Message]
    next_offset: int
    min_offset: int
    max_offset: int


class Topic:
    """All methods raise LakeError and nothing else; several threads may use one. An error whose `is_retried` is true
    may pass by itself: the next call connects anew, and looks the route up again."""

    def __init__(
        self,
        name_servers: str,
        topic: str,
        *,
        access_key: str | None = None,
        secret_key: str | None = None,
        tls: bool | str | ssl.SSLContext = False,
        timeout_s: float = 10,
        group: str = DEFAULT_GROUP,
    ) -> None:
        """Connects to nothing yet.

        `name_servers`: host:port, several separated by semicolons. `tls`: True for the authorities of the system, or
        the path of a PEM file. `group`: nothing is stored under it, but a broker that does not create groups by itself
        (autoCreateSubscriptionGroup=false) wants it to exist.
        """
        self.name_servers = tuple(part.strip() for part in name_servers.split(";") if part.strip())
        if not self.name_servers or not all(_ADDRESS.fullmatch(part) for part in self.name_servers):
            raise LakeError(
                "CONFIG_INVALID",
                f"'{name_servers}' is no address of a name server: it is host:port, several separated by semicolons.",
            )
        if (access_key is None) != (secret_key is None):
            raise LakeError("CONFIG_INVALID", "An access key and a secret key go together.")
        self.topic = topic
        self.group = group
        try:
            self._access = Access(access_key, secret_key, tls_context(tls), timeout_s)
        except (OSError, ValueError) as error:
            raise LakeError("CONFIG_INVALID", f"The authority for TLS in {tls} cannot be read: {error}.") from error
        self._lock = threading.Lock()
        self._route: Route | None = None
        self._idle: dict[str, list[Connection]] = {}
        self._in_use: set[Connection] = set()
        self._is_closed = False

    def __enter__(self) -> Topic:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Calls under way in other threads, and later ones, raise TOPIC_CLOSED."""
        with self._lock:
            self._is_closed = True
            connections = [*self._in_use, *(each for idle in self._idle.values() for each in idle)]
            self._idle = {}
        for connection in connections:
            connection.close()

    def queues(self) -> list[Queue]:
        """As the name server knows them now, in order."""
        return [Queue(broker, id) for broker, id in self._look_up_route().queues]

    def min_offset(self, queue: Queue) -> int:
        return self._offset(frames.GET_MIN_OFFSET, queue)

    def max_offset(self, queue: Queue) -> int:
        """One more than that of the newest message."""
        return self._offset(frames.GET_MAX_OFFSET, queue, committed="true")

    def offset_at(self, queue: Queue, ms: int) -> int:
        """The first message that was stored at this time (ms since 1970) or later; the end of the queue without one."""
        if ms > 0 and (end := self._end_before(queue, ms)) is not None:
            return end
        fields = {"timestamp": ms, "boundaryType": _FIRST_OF_TIMESTAMP}
        return max(self._offset(frames.SEARCH_OFFSET_BY_TIMESTAMP, queue, **fields), self.min_offset(queue))

    def pull(
        self,
        queue: Queue,
        offset: int,
        *,
        max_messages: int = 32,
        max_bytes: int = 4 << 20,
        tags: str | Iterable[str] | None = None,
        wait_ms: int = 0,
    ) -> Pulled:
        """What stands at `offset` and behind it: at most `max_messages`, of about `max_bytes`, often fewer.

        `tags`: only messages with one of them; offsets between them are passed over. Without: every message, and one
        that is missing raises OFFSET_GONE. `wait_ms`: how long the broker waits for a message when the queue is at its
        end.
        OFFSET_GONE: retention has removed what stood there. OFFSET_BEYOND: the queue ends before it.
        """
        wanted = None if tags is None else frozenset([tags] if isinstance(tags, str) else tags)
        answer = self._call(
            queue.broker,
            frames.PULL_MESSAGE,
            {
                "consumerGroup": self.group,
                "topic": self.topic,
                "queueId": queue.id,
                "queueOffset": offset,
                "maxMsgNums": max_messages,
                "maxMsgBytes": max_bytes,
                "sysFlag": frames.HAS_SUBSCRIPTION | (frames.MAY_WAIT if wait_ms > 0 else 0),
                "commitOffset": 0,
                "suspendTimeoutMillis": max(wait_ms, 0),
                "subscription": "*" if wanted is None else " || ".join(sorted(wanted)),
                "subVersion": 0,
                "expressionType": "TAG",
            },
            max(wait_ms, 0) / 1000,
        )
        return self._pulled(answer, queue, offset, wanted)

    def _pulled(self, answer: Answer, queue: Queue, offset: int, wanted: frozenset[str] | None) -> Pulled:
        known = (frames.SUCCESS, frames.PULL_NOT_FOUND, frames.PULL_RETRY_IMMEDIATELY, frames.PULL_OFFSET_MOVED)
        if answer.code not in known:
            raise self._refused(answer, self._place(queue))
        least = self._number(answer, "minOffset", queue)
        most = self._number(answer, "maxOffset", queue)
        following = self._number(answer, "nextBeginOffset", queue)
        if answer.code != frames.SUCCESS:
            if offset < least:
                raise self._gone(queue, offset, max(least, following))
            if offset > most:
                raise LakeError(
                    "OFFSET_BEYOND",
                    f"{self._place(queue)}: it is to be read from offset {offset} on, and ends at {most}.",
                )
            if answer.code == frames.PULL_RETRY_IMMEDIATELY and wanted is not None and following > offset:
                return Pulled([], following, least, most)
            if offset < most and following > offset and answer.code != frames.PULL_RETRY_IMMEDIATELY:
                raise self._gone(queue, offset, following)
            return Pulled([], offset, least, most)
        messages = [m for m in frames.messages_of(answer.body, self._place(queue)) if m.offset >= offset]
        if wanted is None:
            due = offset
            for message in messages:
                if message.offset != due:
                    raise self._gone(queue, due, message.offset)
                due += 1
            return Pulled(messages, due, least, most)
        # The broker compares hashes of tags only.
        return Pulled([m for m in messages if m.tag in wanted], max(following, offset), least, most)

    def _gone(self, queue: Queue, offset: int, following: int) -> LakeError:
        return LakeError(
            "OFFSET_GONE",
            f"{self._place(queue)}: the messages from offset {offset} on are gone, reading would go on at {following}.",
        )

    def _offset(self, code: int, queue: Queue, **fields: object) -> int:
        answer = self._call(queue.broker, code, {"topic": self.topic, "queueId": queue.id, **fields})
        if answer.code != frames.SUCCESS:
            raise self._refused(answer, self._place(queue))
        return self._number(answer, "offset", queue)

    def _end_before(self, queue: Queue, ms: int) -> int | None:
        """The end of the queue, when its last message is older than `ms`: brokers differ in what they say then."""
        end = self.max_offset(queue)
        if end <= self.min_offset(queue):
            return end
        last = self.pull(queue, end - 1, max_messages=1).messages
        return end if last and last[-1].stored_ms < ms else None

    def _number(self, answer: Answer, name: str, queue: Queue) -> int:
        try:
            return int(answer.fields[name])
        except (KeyError, ValueError):
            message = f"{self._place(queue)}: the broker's answer has no number {name}."
            raise LakeError("BROKER_ERROR", message) from None

    def _place(self, queue: Queue) -> str:
        return f"Topic {self.topic}, queue {queue}"

    def _call(self, broker: str, code: int, fields: Mapping[str, object], wait_s: float = 0) -> Answer:
        address = self._address(broker)
        with contextlib.suppress(OSError):
            # It may have been closed while it was idle: then a new one is opened below.
            if (connection := self._take_idle(address)) is not None:
                return self._answer(address, connection, code, fields, wait_s)
        try:
            return self._answer(address, self._connect(address), code, fields, wait_s)
        except OSError as error:
            self._require_open()
            self._route = None  # It may have moved.
            raise self._unreachable(f"Broker {broker} of topic {self.topic}, at {address}", error) from error

    def _connect(self, address: str) -> Connection:
        self._require_open()
        connection = Connection(address, self._access)
        with self._lock:
            self._in_use.add(connection)
        return connection

    def _answer(
        self, address: str, connection: Connection, code: int, fields: Mapping[str, object], wait_s: float
    ) -> Answer:
        is_usable = False
        try:
            answer = connection.call(code, fields, wait_s)
            is_usable = True
            return answer
        finally:
            with self._lock:
                self._in_use.discard(connection)
                is_usable = is_usable and not self._is_closed
                if is_usable:
                    self._idle.setdefault(address, []).append(connection)
            if not is_usable:
                connection.close()

    def _take_idle(self, address: str) -> Connection | None:
        with self._lock:
            idle = self._idle.get(address)
            if not idle:
                return None
            connection = idle.pop()
            self._in_use.add(connection)
            return connection

    def _require_open(self) -> None:
        if self._is_closed:
            raise LakeError("TOPIC_CLOSED", f"Topic {self.topic} has been closed.")

    def _address(self, broker: str) -> str:
        route = self._route or self._look_up_route()
        if broker not in route.brokers:
            self._route = None
            raise LakeError(
                "BROKER_UNREACHABLE",
                f"Broker {broker} has no part of topic {self.topic} any more, or is away: the route names "
                f"{', '.join(sorted(route.brokers)) or 'none'}.",
            )
        return route.brokers[broker]

    def _look_up_route(self) -> Route:
        fields = {"topic": self.topic, "acceptStandardJsonOnly": "true"}
        failures: list[LakeError] = []
        for server in self.name_servers:
            try:
                connection = self._connect(server)
                try:
                    answer = connection.call(frames.GET_ROUTE_BY_TOPIC, fields)
                finally:
                    with self._lock:
                        self._in_use.discard(connection)
                    connection.close()
                if answer.code != frames.SUCCESS:
                    failures.append(self._refused(answer, f"Topic {self.topic}, at name server {server}"))
                    continue
                route = frames.route_of(answer.body)
            except OSError as error:
                failures.append(self._unreachable(f"Name server {server}", error, "NAME_SERVER_UNREACHABLE"))
                continue
            except ValueError as error:
                text = f"Name server {server} gave no route of topic {self.topic}: {error}."
                raise LakeError("BROKER_ERROR", text) from error
            if not route.queues:
                raise LakeError(
                    "TOPIC_MISSING", f"Topic {self.topic} has no queue that may be read, says name server {server}."
                )
            self._route = route
            return route
        # One that answered knows more than one that is away.
        raise next((error for error in failures if not error.is_retried), failures[0])

    def _unreachable(self, what: str, error: OSError, code: str = "BROKER_UNREACHABLE") -> LakeError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return LakeError(
                "TLS_UNVERIFIED", f"{what}: its certificate could not be verified: {error.verify_message}."
            )
        return LakeError(code, f"{what} cannot be reached: {error.strerror or error}.")

    def _refused(self, answer: Answer, place: str) -> LakeError:
        text = f"{place}: {frames.code_name(answer.code)}: {answer.remark or 'no remark'}"
        match answer.code:
            case 17:
                where = ";".join(self.name_servers)
                return LakeError("TOPIC_MISSING", f"The topic {self.topic} does not exist at {where}.")
            case 26:
                return LakeError(
                    "GROUP_MISSING",
                    f"The topic {self.topic} cannot be read, for the consumer group {self.group} does not exist.",
                    f"Create it: mqadmin updateSubGroup -n {self.name_servers[0]} -c <cluster> -g {self.group}",
                )
            case 16:
                return LakeError(
                    "TOPIC_UNAUTHORIZED",
                    text,
                    "Check access key and secret key, and give the user Sub on both: mqadmin createAcl -n"
                    f" {self.name_servers[0]} -c <cluster> -s User:<access key>"
                    f" -r Topic:{self.topic},Group:{self.group} -a Sub -d Allow",
                )
            case 1 | 2 | 14 | 215 | 1000:
                return LakeError("BROKER_BUSY", text)
            case _:
                return LakeError("BROKER_ERROR", text)
