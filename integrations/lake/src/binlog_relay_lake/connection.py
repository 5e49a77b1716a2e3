"""One connection to a name server or a broker: a request, then its answer."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass

from .frames import Answer, answer_of, request

_LARGEST_FRAME = 64 << 20


@dataclass(frozen=True, slots=True)
class Access:
    """How servers are spoken to. `tls`: None for none."""

    access_key: str | None = None
    secret_key: str | None = None
    tls: ssl.SSLContext | None = None
    timeout_s: float = 10


def tls_context(tls: bool | str | ssl.SSLContext) -> ssl.SSLContext | None:
    """True: the authorities of the system. A text: the path of a PEM file with the authority that signed."""
    if isinstance(tls, ssl.SSLContext):
        return tls
    if tls is False:
        return None
    return ssl.create_default_context(cafile=None if tls is True else tls)


class Connection:
    """Not to be used by two threads at once. After any OSError it is of no use; OSError is all that `call` raises."""

    def __init__(self, address: str, access: Access) -> None:
        host, _, port = address.rpartition(":")
        self._access = access
        self._opaque = 0
        raw = socket.create_connection((host.strip("[]"), int(port)), access.timeout_s)
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = raw if access.tls is None else access.tls.wrap_socket(raw, server_hostname=host.strip("[]"))
        except BaseException:
            raw.close()
            raise

    def call(self, code: int, fields: Mapping[str, object], wait_s: float = 0) -> Answer:
        """`wait_s`: how long the server may keep the request beyond the usual time."""
        self._opaque += 1
        until = time.monotonic() + self._access.timeout_s + wait_s
        self._socket.settimeout(self._access.timeout_s + wait_s)
        self._socket.sendall(request(code, self._opaque, fields, self._access.access_key, self._access.secret_key))
        while True:
            (size,) = struct.unpack(">i", self._read(4, until))
            if not 4 <= size <= _LARGEST_FRAME:
                raise ConnectionError(
                    f"what answers does not speak RocketMQ's remoting protocol (a frame of {size} bytes)"
                )
            try:
                answer = answer_of(self._read(size, until))
            except ValueError as error:
                raise ConnectionError(f"what answers does not speak RocketMQ's remoting protocol: {error}") from error
            if answer is not None and answer.opaque == self._opaque:
                return answer

    def _read(self, count: int, until: float) -> bytes:
        buffer = bytearray(count)
        view = memoryview(buffer)
        got = 0
        while got < count:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._socket.settimeout(left)
            read = self._socket.recv_into(view[got:])
            if read == 0:
                raise ConnectionError("the server closed the connection")
            got += read
        return bytes(buffer)

    def close(self) -> None:
        """From any thread: what is being read ends."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
