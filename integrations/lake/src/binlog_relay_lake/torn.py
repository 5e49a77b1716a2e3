"""Messages that a broker has in part only: docs/message-format.md of the relay, "Torn messages". Pure.

A broker that is killed while it stores a message leaves zeros from the end of a page on; when it starts again it checks
the body, which comes first, and not the properties after it. Then a property is lost, or it has a NUL, which no message
that was sent has. The relay sends the message again: it was never acknowledged.
"""

from __future__ import annotations

import json

from .errors import LakeError
from .frames import Message

_REQUIRED = (
    *("__SHARDINGKEY", "format", "schema", "table", "kind", "rows", "first", "last", "stream", "epoch", "sequence"),
)
_NUL = "\x00"
# A broker leaves at most one each time that it is killed.
_MOST_IN_A_ROW = 16


def torn_because(message: Message) -> str | None:
    """What a torn message lacks; None for a whole one, and for one whose body no relay has written."""
    lack = _lack(message)
    return lack if lack is not None and _is_of_relay(message.body) else None


class TornInRow:
    """Whether torn messages come as brokers leave them, or whether something takes the properties away."""

    def __init__(self) -> None:
        self._count = 0

    def whole(self) -> None:
        self._count = 0

    def torn(self, why: str, place: str) -> None:
        """Raises MESSAGE_UNREADABLE at the first one too many of a queue."""
        self._count += 1
        if self._count > _MOST_IN_A_ROW:
            raise LakeError(
                "MESSAGE_UNREADABLE",
                f"{place}: {why}, as in the {_MOST_IN_A_ROW} messages before it: a broker that was killed leaves one"
                " such message.",
                "Something publishes bodies of the relay without its properties: let the relay alone publish to the"
                " topic, or have them kept.",
            )


def _lack(message: Message) -> str | None:
    properties = message.properties
    for name, value in properties.items():
        if _NUL in name or _NUL in value:
            return f"its properties are cut off at {name.partition(_NUL)[0]}"
    if not message.tag:
        return "it has no tag"
    # Relays of 0.2 do not say which others there are.
    optional = properties.get("optional", "-")
    due = _REQUIRED if optional == "-" else (*_REQUIRED, *optional.split(","))
    missing = next((name for name in due if name not in properties), None)
    return None if missing is None else f"it has no property {missing}"


def _is_of_relay(body: bytes) -> bool:
    """Canal's form, with what the relay adds to it: Canal's own messages have neither `source` nor `changes`."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(parsed, dict):
        return False
    changes = parsed.get("changes")
    return (
        all(isinstance(parsed.get(name), str) for name in ("type", "database", "table", "source", "gtid"))
        and all(type(parsed.get(name)) is int for name in ("es", "ts", "id"))
        and isinstance(changes, list)
        and len(changes) > 0
        and all(isinstance(entry, str) for entry in changes)
    )
