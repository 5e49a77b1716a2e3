from __future__ import annotations

from pathlib import Path

import pytest

from binlog_relay_lake.config import config_of, load_config
from binlog_relay_lake.errors import LakeError

LEAST = "source: {nameServer: 'mq:9876'}\ntarget: /lake\n"


def problems_of(text: str, env: dict[str, str] | None = None) -> str:
    with pytest.raises(LakeError) as raised:
        config_of(text, "lake.yaml", env or {})
    assert raised.value.code == "CONFIG_INVALID" and raised.value.is_configuration
    return raised.value.message


def test_defaults() -> None:
    config = config_of(LEAST, "lake.yaml", {})
    assert (config.topic, config.group, config.start, config.tls) == ("order-binlog", "binlog-relay-lake", "earliest", False)
    assert (config.rules.bytes, config.rules.age_s, config.rules.memory) == (128 << 20, 300, 512 << 20)
    assert config.tables.includes("any", "table")


def test_everything(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    config = config_of(
        f"""
source:
  nameServer: ${{MQ}}:9876;other:9876
  topic: ${{TOPIC:-orders}}
  group: g
  accessKey: ${{KEY}}
  accessSecret: file:{tmp_path}/secret
  tls: {{enabled: true, ca: /ca.pem}}
  timeout: 500ms
tables:
  include: ["shop.*"]
  exclude: ["shop.log"]
marks: {{accept: [oversize, partial]}}
target: s3://$${{bucket}}/x
start: latest
roll: {{bytes: 1MB, age: 2m}}
limits: {{memory: 1GiB}}
log: {{level: debug, format: json}}
metricsFile: /m.prom
""",
        "lake.yaml",
        {"MQ": "mq", "KEY": "user", "TOPIC": ""},
    )
    assert (config.name_servers, config.topic, config.access_key) == ("mq:9876;other:9876", "orders", "user")
    assert (config.access_secret, config.tls, config.timeout_s) == ("s3cret", "/ca.pem", 0.5)
    assert config.target == "s3://${bucket}/x"
    assert (config.rules.bytes, config.rules.age_s, config.rules.memory) == (10**6, 120, 1 << 30)
    assert config.accepted_marks == {"oversize", "partial"}
    assert config.tables.includes("shop", "orders") and not config.tables.includes("shop", "log")
    assert config.with_tables(("a.*",)).tables.includes("a", "b")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "lake.yaml:1:1: source.nameServer: is missing"),
        ("source: 1\ntarget: /x", "lake.yaml:1:9: source: must be a mapping with the keys nameServer, topic"),
        (LEAST + "tabels: {}", "lake.yaml:3:1: tabels: unknown key (did you mean tables?); allowed here: source, tables"),
        (LEAST + "nothinglikeit: {}", "lake.yaml:3:1: nothinglikeit: unknown key; allowed here"),
        (LEAST + "start: soon", "lake.yaml:3:8: start: 'soon' must be earliest or latest"),
        (LEAST + "roll: {age: 5}", "lake.yaml:3:13: roll.age: '5' is not a duration"),
        (LEAST + "roll: {bytes: 5 MB}", "roll.bytes: '5 MB' is not a size"),
        (LEAST + "limits: {memory: 1MiB}", "limits.memory: '1MiB' is too little"),
        (LEAST + "tables: {include: [a, 'b.c']}", "lake.yaml:3:20: tables.include[0]: 'a' must have the form"),
        (LEAST + "tables: {include: 'b.c'}", "tables.include: must be a list"),
        (LEAST + "marks: {accept: [odd]}", "must be oversize, partial or invalidText"),
        (LEAST + "target: /y", "lake.yaml:3:1: target: stands there twice"),
        (LEAST + "metricsFile: ${NO}", "lake.yaml:3:14: metricsFile: the environment variable NO is not set"),
        (LEAST + "metricsFile: ${NO", "holds ${ that is not a reference"),
        (LEAST + "metricsFile: [x]", "must be a single value"),
        ("source: {nameServer: mq}\ntarget: /x", "source.nameServer: 'mq' is no address of a name server"),
        ("source: {nameServer: 'mq:1', accessKey: a}\ntarget: /x", "accessKey and accessSecret go together"),
        ("source: {nameServer: 'mq:1', accessSecret: 'file:/no/file'}\ntarget: /x", "the file /no/file cannot be read"),
        ("source: {nameServer: 'mq:1', tls: {ca: /x}}\ntarget: /x", "ca goes with enabled: true"),
        ("source: {nameServer: 'mq:1', tls: {enabled: yes}}\ntarget: /x", "must be true or false"),
        ("source: [", "lake.yaml:1:10: no YAML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, problem: str) -> None:
    assert problem in problems_of(text)


def test_all_problems_are_said_at_once_and_no_secret() -> None:
    text = problems_of("source: {nameServer: mq, topic: 'a b', accessSecret: '${S}', accessKey: hunter2}\nx: 1", {"S": ""})
    assert len(text.splitlines()) == 4
    assert "hunter2" not in text


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="lake.yaml: cannot be read.*--config"):
        load_config(str(tmp_path / "lake.yaml"))
