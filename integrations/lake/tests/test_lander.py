"""The lander against a topic in memory: killed wherever it can be, it lands every change once, in order."""

from __future__ import annotations

import io
import json
import random
import re
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from messages import SERVER, body_of, message_of

from binlog_relay_lake.errors import LakeError
from binlog_relay_lake.landed import SCHEMA, landed_files, pieces
from binlog_relay_lake.lander import Lander
from binlog_relay_lake.log import Log
from binlog_relay_lake.metrics import MetricsFile, metrics_text
from binlog_relay_lake.queue_lander import Rules
from binlog_relay_lake.remoting import Message, Pulled, Queue, Topic
from binlog_relay_lake.target import Target


class Killed(BaseException):
    pass


class TopicInMemory(Topic):
    def __init__(self, queues: dict[Queue, list[Message]]) -> None:
        super().__init__("localhost:1", "orders")
        self.of = queues

    def queues(self) -> list[Queue]:
        return sorted(self.of)

    def min_offset(self, queue: Queue) -> int:
        return self.of[queue][0].offset if self.of[queue] else 0

    def max_offset(self, queue: Queue) -> int:
        return self.of[queue][-1].offset + 1 if self.of[queue] else 0

    def pull(self, queue: Queue, offset: int, *, max_messages: int = 3, **_: object) -> Pulled:
        least, most = self.min_offset(queue), self.max_offset(queue)
        if offset < least:
            raise LakeError("OFFSET_GONE", f"Topic orders, queue {queue}: offset {offset}.")
        messages = self.of[queue][offset - least : offset - least + max_messages]
        return Pulled(messages, offset + len(messages), least, most)


class Relay:
    """Publishes changes of keys, each key in its lane, and now and then dies and sends some of them again."""

    def __init__(self, randoms: random.Random, queues: int, lanes: int, broker_kills: float = 0) -> None:
        """`broker_kills`: of a message, how likely."""
        self.randoms = randoms
        self.broker_kills = broker_kills
        self.topic = TopicInMemory({Queue("broker-a", id): [] for id in range(queues)})
        self.lanes = lanes
        self.epoch = 1
        self.number = 0
        self.sequences: dict[int, int] = defaultdict(int)
        self.sent: dict[int, list[tuple[str, int, str]]] = defaultdict(list)
        """By lane: (table, number of the transaction, key), in order."""

    def send(self, lane: int, changes: list[tuple[str, int, str]], *, is_repeat: bool = False) -> None:
        """Changes of one table."""
        queue = self.topic.of[Queue("broker-a", lane % len(self.topic.of))]
        rows: list[dict[str, str | None]] = [{"id": key, "n": str(number)} for _, number, key in changes]
        table = changes[0][0]
        kind = self.randoms.choice(["INSERT", "DELETE"])
        self.sequences[lane] += 1
        more = {"resume": f"{SERVER}:1-{self.resume}"} if self.sequences[lane] == 1 else {}
        body = body_of(kind, rows, [f"{number}#0" for _, number, _ in changes], table=table)
        place = self.place(lane) | {"table": table}
        if self.broker_kills > 0 and self.randoms.random() < self.broker_kills:
            # Killed while it stored it, it has no more of it than this.
            queue.append(Message(len(queue), body, "", "", {"MSG_REGION": "DefaultRegion"}, 0, 0))
        queue.append(message_of(len(queue), body, kind=kind, rows=len(rows), **place, **more))  # type: ignore
        if not is_repeat:
            self.sent[lane].extend(changes)
        if self.randoms.random() < 0.05:
            self.say_progress(lane)

    def copy(self, lane: int) -> None:
        """A row that was there already: of the same lane, under an id that never comes again."""
        queue = self.topic.of[Queue("broker-a", lane % len(self.topic.of))]
        self.sequences[lane] += 1
        self.copied += 1
        self.copied_here += 1
        more = {"resume": f"{SERVER}:1-{self.resume}"} if self.sequences[lane] == 1 else {}
        source = "copy/1/1"
        body = body_of("INSERT", [{"id": "x", "n": "0"}], [f"{self.copied_here}#0"], table="orders", source=source)
        place = self.place(lane) | {"copy": "1"}
        queue.append(message_of(len(queue), body, **place, **more))  # type: ignore

    def say_progress(self, lane: int) -> None:
        queue = self.topic.of[Queue("broker-a", lane % len(self.topic.of))]
        self.sequences[lane] += 1
        more = {"resume": f"{SERVER}:1-{self.resume}"} if self.sequences[lane] == 1 else {}
        place = self.place(lane) | {"tag": "progress"}
        queue.append(message_of(len(queue), b"{}", kind="CREATE", rows=0, **place, **more))  # type: ignore

    resume = 0
    copied = 0
    copied_here = 0
    stream = 1

    def place(self, lane: int) -> dict[str, object]:
        sequence = self.sequences[lane]
        return {"stream": f"s{self.stream}", "lane": f"lane-{lane}", "epoch": self.epoch, "sequence": sequence}

    def lose_checkpoint(self) -> None:
        """It begins anew: with a copy, whose ids are those of the one before, and from a place of its own."""
        self.stream += 1
        self.copied_here = 0
        self.epoch = 0
        for lane in range(self.lanes):
            self.sequences[lane] = 0
        self.die()

    def work(self, messages: int) -> None:
        for _ in range(messages):
            lane = self.randoms.randrange(self.lanes)
            table = self.randoms.choice(["orders", "items"])
            changes = []
            for _ in range(self.randoms.randint(1, 4)):
                self.number += 1
                changes.append((table, self.number, f"{lane}-{self.randoms.randrange(5)}"))
            self.send(lane, changes)

    def die(self) -> None:
        """The next run begins somewhere before the end, and sends what comes behind it again, packed anew."""
        self.resume = max(self.resume, self.number - self.randoms.randint(0, 40))
        self.epoch += 1
        self.sequences.clear()
        for lane in range(self.lanes):
            if self.randoms.random() < 0.5:
                self.say_progress(lane)
            if self.randoms.random() < 0.5:
                self.copy(lane)
            again = [change for change in self.sent[lane] if change[1] > self.resume]
            while again:
                count = self.randoms.randint(1, 5)
                together = [change for change in again[:count] if change[0] == again[0][0]]
                # Neighbours of one table.
                together = again[: len(together)] if again[: len(together)] == together else again[:1]
                self.send(lane, together, is_repeat=True)
                again = again[len(together) :]


class KilledTarget(Target):
    """Dies before, while or after a file is moved to where it belongs."""

    kill: Callable[[str], None] = staticmethod(lambda _: None)

    def _publish(self, part: str, final: str, content: pa.Buffer) -> None:
        self.kill("before")
        super()._publish(part, final, content)
        self.kill("after")

    def _write(self, path: str, content: pa.Buffer) -> None:
        if "/part/" in path:
            try:
                self.kill("half")
            except Killed:
                super()._write(path, content.slice(0, content.size // 2))
                raise
        super()._write(path, content)


def lander_of(topic: Topic, target: Target, **options: object) -> Lander:
    return Lander(topic, target, log=Log(stream=io.StringIO()), **options)  # type: ignore


def read_all(root: Path) -> pa.Table:
    target = Target(str(root))
    tables = []
    for piece in pieces(landed_files(target.filesystem, target.root)):
        table = pq.read_table(piece.file.path, partitioning=None)
        assert table.schema.equals(SCHEMA)
        tables.append(table.filter(pa.compute.greater_equal(table["offset"], piece.start)))
    return pa.concat_tables(tables) if tables else SCHEMA.empty_table()


@pytest.mark.parametrize("seed", range(10))
def test_every_change_is_landed_once_and_in_order_over_kills_of_relay_and_lander(seed: int, tmp_path: Path) -> None:
    randoms = random.Random(seed)
    relay = Relay(randoms, randoms.randint(1, 3), randoms.randint(1, 5), broker_kills=0.1)
    kills = 0
    for _ in range(randoms.randint(3, 12)):
        relay.work(randoms.randint(1, 60))
        if randoms.random() < 0.5:
            relay.die()
            if randoms.random() < 0.5:
                relay.die()
            if randoms.random() < 0.2:
                relay.lose_checkpoint()
        target = KilledTarget(f"file://{tmp_path}")

        def kill(_: str) -> None:
            nonlocal kills
            if randoms.random() < 0.2:
                kills += 1
                raise Killed

        target.kill = kill  # type: ignore
        lander = lander_of(relay.topic, target, rules=Rules(bytes=1, age_s=0))
        relay.topic._is_closed = False
        try:
            lander.run(until_latest=True)
        except Killed:
            continue
    lander_of(relay.topic, Target(str(tmp_path))).run(until_latest=True)
    rows = read_all(tmp_path)
    landed: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for table in ("orders", "items"):
        of_table = rows.filter(pa.compute.equal(rows["table"], table))
        for row in of_table.sort_by([("offset", "ascending"), ("index", "ascending")]).to_pylist():
            values = json.loads(row["after"] or row["before"])
            if row["copy"] is not None:
                continue
            assert row["id"] == f"{SERVER}:{values['n']}#0"
            landed[int(row["lane"].removeprefix("lane-"))].append((table, int(values["n"])))
    for lane in range(relay.lanes):
        sent = [(table, number) for table, number, _ in relay.sent[lane]]
        assert landed[lane] == sorted(sent, key=lambda change: change[0] == "items")
    assert len(rows.group_by(["stream", "id"]).aggregate([])) == len(rows)
    assert pa.compute.count(rows["copy"]).as_py() == relay.copied
    assert not list((tmp_path / "_lander").rglob("*.parquet*"))


def test_nothing_is_landed_twice_when_nothing_is_new(tmp_path: Path) -> None:
    relay = Relay(random.Random(1), 2, 3)
    relay.work(50)
    lander_of(relay.topic, Target(str(tmp_path))).run(until_latest=True)
    before = sorted(tmp_path.rglob("*"))
    lander = lander_of(relay.topic, Target(str(tmp_path)))
    lander.run(until_latest=True)
    assert sorted(tmp_path.rglob("*")) == before
    assert (lander.counts.files, lander.counts.rows) == (0, 0)
    assert "binlog_relay_lake_files_total 0\n" in metrics_text(lander.counts, 1.0)


def test_the_newer_lander_wins(tmp_path: Path) -> None:
    relay = Relay(random.Random(1), 1, 1)
    relay.work(3)
    first, second = Target(str(tmp_path)), Target(str(tmp_path))
    first.claim()
    second.claim()
    second.publish("landed=2026-11-29/x.parquet", pa.py_buffer(b"x"))
    with pytest.raises(LakeError, match="Another lander writes") as raised:
        first.publish("landed=2026-11-29/y.parquet", pa.py_buffer(b"y"))
    assert raised.value.code == "TARGET_TAKEN" and raised.value.is_configuration
    assert not (tmp_path / "landed=2026-11-29" / "y.parquet").exists()


def test_what_retention_has_removed_stops(tmp_path: Path) -> None:
    relay = Relay(random.Random(1), 1, 1)
    relay.work(10)
    lander_of(relay.topic, Target(str(tmp_path))).run(until_latest=True)
    relay.work(10)
    del relay.topic.of[Queue("broker-a", 0)][:15]
    with pytest.raises(LakeError) as raised:
        lander_of(relay.topic, Target(str(tmp_path))).run(until_latest=True)
    assert raised.value.code == "OFFSET_GONE"


def test_a_gap_stops_and_what_came_before_it_comes_again(tmp_path: Path) -> None:
    relay = Relay(random.Random(1), 1, 1)
    relay.work(10)
    queue = relay.topic.of[Queue("broker-a", 0)]
    del queue[5]
    relay.topic.of[Queue("broker-a", 0)] = [
        Message(offset, m.body, m.tag, m.keys, m.properties, 0, 0) for offset, m in enumerate(queue)
    ]
    for _ in range(2):
        with pytest.raises(LakeError, match=r"queue broker-a:0, offset 5.*message 7 of epoch 1 came where 6 was due"):
            lander_of(relay.topic, Target(str(tmp_path))).run(until_latest=True)


def test_from_the_latest_on(tmp_path: Path) -> None:
    relay = Relay(random.Random(1), 2, 2)
    relay.work(20)
    lander_of(relay.topic, Target(str(tmp_path)), start="latest").run(until_latest=True)
    assert read_all(tmp_path).num_rows == 0
    relay.work(20)
    lander = lander_of(relay.topic, Target(str(tmp_path)), start="latest")
    lander.run(until_latest=True)
    assert 0 < lander.counts.rows == read_all(tmp_path).num_rows
    assert lander.counts.rows < relay.number


def test_a_table_of_a_file_is_in_row_groups_of_its_own(tmp_path: Path) -> None:
    relay = Relay(random.Random(1), 1, 1)
    relay.work(40)
    lander_of(relay.topic, Target(str(tmp_path))).run(until_latest=True)
    (file,) = landed_files(Target(str(tmp_path)).filesystem, str(tmp_path))
    groups = pq.ParquetFile(file.path)
    assert groups.num_row_groups == 2
    for group in range(2):
        assert len(set(groups.read_row_group(group)["table"].to_pylist())) == 1


def test_queues_that_come_later_are_read_from_their_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("binlog_relay_lake.lander._SEARCH_S", 0.0)
    relay = Relay(random.Random(1), 2, 2)
    relay.work(20)
    late = relay.topic.of.pop(Queue("broker-a", 1))
    stop = threading.Event()
    lander = lander_of(relay.topic, Target(str(tmp_path)), stop=stop)

    def look() -> None:
        relay.topic.of[Queue("broker-a", 1)] = late
        if lander.counts.messages == len(late) + len(relay.topic.of[Queue("broker-a", 0)]):
            stop.set()

    lander.run(on_look=look)
    assert read_all(tmp_path).num_rows == relay.number


class FailingTopic(TopicInMemory):
    """Refuses the pulls whose numbers are in `refusals`, counted from 1."""

    def __init__(self, queues: dict[Queue, list[Message]], refusals: dict[int, LakeError]) -> None:
        super().__init__(queues)
        self.refusals = refusals
        self.pulls = 0

    def pull(self, queue: Queue, offset: int, *, max_messages: int = 3, **more: object) -> Pulled:
        self.pulls += 1
        if self.pulls in self.refusals:
            raise self.refusals[self.pulls]
        return super().pull(queue, offset, max_messages=max_messages, **more)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("binlog_relay_lake.lander._FIRST_PAUSE_S", 0.0)


@pytest.mark.usefixtures("impatient")
def test_what_may_pass_is_tried_again(tmp_path: Path) -> None:
    relay = Relay(random.Random(1), 1, 1)
    relay.work(20)
    away, taken = LakeError("BROKER_UNREACHABLE", "away"), LakeError("TOPIC_UNAUTHORIZED", "a right was taken away")
    topic = FailingTopic(relay.topic.of, {1: away, 3: taken, 4: taken})
    target = KilledTarget(str(tmp_path))
    failures = iter([OSError("no space"), OSError("still none"), *[None] * 100])

    def fail(when: str) -> None:
        if when == "half" and (error := next(failures)) is not None:
            raise error

    target.kill = fail  # type: ignore
    told = io.StringIO()
    lander = Lander(topic, target, log=Log(stream=told))
    lander.run(until_latest=True)
    assert read_all(tmp_path).num_rows == relay.number
    assert lander.counts.problem == ""
    assert told.getvalue().count("it is tried again") == told.getvalue().count("it works again") == 3


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("code", ["GROUP_MISSING", "TOPIC_UNAUTHORIZED", "MESSAGE_DAMAGED"])
def test_what_has_never_worked_ends_at_once(tmp_path: Path, code: str) -> None:
    relay = Relay(random.Random(1), 1, 1)
    relay.work(20)
    topic = FailingTopic(relay.topic.of, {1: LakeError(code, "refused")})
    with pytest.raises(LakeError, match="refused"):
        lander_of(topic, Target(str(tmp_path))).run(until_latest=True)
    assert topic.pulls == 1


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    relay = Relay(random.Random(1), 1, 1)
    relay.work(2)
    (tmp_path / "landed=2026-11-29").mkdir()
    foreign = tmp_path / "landed=2026-11-29" / f"broker-a-0-{0:020d}-{1:020d}.parquet"
    pq.write_table(pa.table({"a": [1]}), foreign)
    with pytest.raises(LakeError, match="has not been written by this lander") as raised:
        lander_of(relay.topic, Target(str(tmp_path))).run(until_latest=True)
    assert raised.value.is_configuration


def test_metrics_have_the_form_of_prometheus(tmp_path: Path) -> None:
    relay = Relay(random.Random(1), 2, 2)
    relay.work(20)
    lander = lander_of(relay.topic, Target(str(tmp_path)))
    lander.run(until_latest=True)
    file = MetricsFile(str(tmp_path / "lake.prom"))
    file.write(lander.counts)
    lines = (tmp_path / "lake.prom").read_text().splitlines()
    assert all(
        re.fullmatch(r'# (HELP|TYPE) .+|binlog_relay_lake_\w+(\{[a-z]+="[^"]+",queue="\d+"\})? [\d.e+]+', line)
        for line in lines
    )
    assert f"binlog_relay_lake_rows_total {relay.number}" in lines
    assert 'binlog_relay_lake_backlog_messages{broker="broker-a",queue="1"} 0' in lines
    assert "binlog_relay_lake_newest_commit_timestamp_seconds 1795997393.151" in lines
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["lake.prom"]
