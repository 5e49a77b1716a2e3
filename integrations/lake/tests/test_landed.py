from __future__ import annotations

import random
from pathlib import Path

import pytest
from pyarrow import fs

from binlog_relay_lake.errors import LakeError
from binlog_relay_lake.landed import LandedFile, file_of, landed_files, pieces, relative_path
from binlog_relay_lake.remoting import Queue

QUEUE = Queue("broker-a", 0)


@pytest.mark.parametrize("broker", ["broker-a", "a", "b-1-2-3", "b/c%d e", "店"])
def test_names_say_what_is_in_a_file(broker: str) -> None:
    path = "/lake/x/" + relative_path(Queue(broker, 12), 7, 1234567, "2026-11-29")
    assert file_of(path) == LandedFile(Queue(broker, 12), 7, 1234567, path, "2026-11-29")
    assert path.count("/") == 4


@pytest.mark.parametrize(
    "path", ["/lake/a.parquet", "/lake/landed=2026-11-29/x.parquet", "/lake/x/broker-a-0-1-2.parquet"]
)
def test_other_files_are_none_of_it(path: str) -> None:
    assert file_of(path) is None


def test_files_are_listed_by_queue_and_offset(tmp_path: Path) -> None:
    wanted = [(QUEUE, 0, 5, "2026-11-28"), (QUEUE, 5, 9, "2026-11-29"), (Queue("broker-b", 0), 0, 3, "2026-11-28")]
    for queue, start, end, day in reversed(wanted):
        path = tmp_path / relative_path(queue, start, end, day)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "_lander").mkdir()
    (tmp_path / "landed=2026-11-29" / ".half.parquet").write_bytes(b"")
    files = landed_files(fs.LocalFileSystem(), str(tmp_path))
    assert [(file.queue, file.start, file.end, file.day) for file in files] == wanted
    assert len(landed_files(fs.LocalFileSystem(), str(tmp_path), "2026-11-29")) == 1
    assert landed_files(fs.LocalFileSystem(), str(tmp_path / "none")) == []


def file(start: int, end: int) -> LandedFile:
    return LandedFile(QUEUE, start, end, f"{start}-{end}", "2026-11-29")


def test_every_offset_is_read_once_however_two_landers_have_overlapped() -> None:
    randoms = random.Random(3)
    for _ in range(300):
        files: set[LandedFile] = set()
        for _ in range(randoms.randint(1, 3)):
            at = 0
            while at < 50:
                end = min(50, at + randoms.randint(1, 20))
                files.add(file(at, end))
                at = end
        shuffled = list(files)
        randoms.shuffle(shuffled)
        begin = randoms.randint(0, 50)
        read = [o for piece in pieces(shuffled, {QUEUE: begin}) for o in range(piece.start, piece.file.end)]
        assert read == list(range(begin, 50))


def test_a_hole_is_no_reason_to_read_on() -> None:
    with pytest.raises(LakeError, match="nothing between offset 5 and 7-9") as raised:
        list(pieces([file(0, 5), file(7, 9)]))
    assert raised.value.code == "TARGET_HOLE"
    assert [piece.is_whole for piece in pieces([file(0, 5), file(3, 9), file(4, 5)])] == [True, False]
