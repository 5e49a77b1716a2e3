"""Messages as a relay publishes them, made by hand."""

from __future__ import annotations

import json
from urllib.parse import quote

from binlog_relay_lake.remoting import Message, Queue

QUEUE = Queue("broker-a", 0)
SERVER = "98a72eff-ec50-11f1-8d25-02fc00000001"


def body_of(
    kind: str,
    rows: list[dict[str, str | None]],
    changes: list[str],
    *,
    old: list[dict[str, str | None]] | None = None,
    database: str = "shop",
    table: str = "orders",
    source: str = SERVER,
    es: int = 1_795_997_393_151,
    more: dict[str, object] | None = None,
    invalid: list[dict[str, object]] | None = None,
) -> bytes:
    """In the relay's order of keys."""
    columns = list(rows[0]) if rows else []
    body: dict[str, object] = {
        "type": kind,
        "database": database,
        "table": table,
        "pkNames": ["id"],
        "isDdl": False,
        "sql": "",
        "mysqlType": dict.fromkeys(columns, "varchar(20)"),
        "sqlType": dict.fromkeys(columns, 12),
        "source": source,
        **(more or {}),
        "data": rows,
        "old": old,
        "changes": changes,
        **({} if invalid is None else {"invalidText": invalid}),
        "gtid": f"{source}:{changes[-1].partition('#')[0]}",
        "es": es,
        "ts": es + 5,
        "id": 1,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def message_of(
    offset: int,
    body: bytes,
    *,
    kind: str = "INSERT",
    rows: int = 1,
    stream: str = "s1",
    lane: str = "lane-0",
    epoch: int = 1,
    sequence: int = 1,
    database: str = "shop",
    table: str = "orders",
    tag: str | None = None,
    **more: str,
) -> Message:
    properties = {
        "format": "canal-json",
        "schema": quote(database),
        "table": quote(table),
        "kind": kind,
        "rows": str(rows),
        "first": f"{SERVER}:1#0",
        "last": f"{SERVER}:1#0",
        "stream": stream,
        "epoch": str(epoch),
        "sequence": str(sequence),
        "__SHARDINGKEY": lane,
        **more,
    }
    if sequence == 1:
        properties.setdefault("resume", f"{SERVER}:1-4")
    return Message(offset, body, tag or f"{database}.{table}", "", properties, 0, 0)
