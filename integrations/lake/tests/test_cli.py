from __future__ import annotations

import json
from pathlib import Path

import pytest

from binlog_relay_lake.cli import main


def test_a_wrong_configuration_ends_with_78_and_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lake.yaml"
    file.write_text("sorce: {}\n")
    for command in ("land", "check"):
        assert main([command, "--config", str(file)]) == 78
        line = json.loads(capsys.readouterr().err)
        assert (line["level"], line["code"]) == ("error", "CONFIG_INVALID")
        assert "sorce: unknown key (did you mean source?)" in line["msg"]


def test_patterns_on_the_command_line_are_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lake.yaml"
    file.write_text(f"source: {{nameServer: 'localhost:1'}}\ntarget: {tmp_path}/lake\n")
    assert main(["land", "--config", str(file), "--tables", "orders"]) == 78
    assert "database.table" in capsys.readouterr().err


def test_a_name_server_that_is_away_at_the_start_ends_with_78(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lake.yaml"
    file.write_text(f"source: {{nameServer: '127.0.0.1:1'}}\ntarget: {tmp_path}/lake\nlog: {{format: pretty}}\n")
    assert main(["land", "--config", str(file)]) == 78
    told = capsys.readouterr().err
    assert "code=NAME_SERVER_UNREACHABLE" in told and "ERROR Name server 127.0.0.1:1 cannot be reached" in told
    assert main(["check", "--config", str(file)]) == 78


@pytest.mark.parametrize("arguments", [[], ["lands"], ["land", "--until", "tomorrow"], ["land", "--wat"]])
def test_words_that_are_none_of_it(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 78
    assert "usage: binlog-relay-lake" in capsys.readouterr().err
