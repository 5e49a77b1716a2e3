"""`check`: everything that `land` needs, looked at without landing anything."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pyarrow as pa

from .config import Config
from .errors import LakeError
from .landed import OWN_FOLDER, landed_files, pieces
from .remoting import Queue, Topic
from .target import Target


def check(config: Config, say: Callable[[str], None]) -> None:
    """Says what was found. Raises LakeError for the first thing that is wrong."""
    with config.open_topic() as topic:
        offsets = _topic_offsets(topic, say)
        target = config.open_target()
        _write_and_remove(target)
        say(f"ok  target {config.target} can be written to")
        files = landed_files(target.filesystem, target.root)
        covered = list(pieces(files))
        ends = {piece.file.queue: piece.file.end for piece in covered}
        overlaps = sum(not piece.is_whole for piece in covered) + len(files) - len(covered)
        say(f"ok  {len(files)} files without a hole" + (f", {overlaps} overlap" if overlaps else ""))
        for queue, (first, end) in offsets.items():
            at = ends.get(queue, first)
            if at < first:
                raise LakeError(
                    "OFFSET_GONE",
                    f"Topic {config.topic}, queue {queue}: landed up to offset {at}, and the topic begins at {first}.",
                )
            if at > end:
                raise LakeError(
                    "OFFSET_BEYOND",
                    f"Topic {config.topic}, queue {queue}: landed up to offset {at}, and the topic ends at {end}.",
                )
            say(f"ok  queue {queue}: landed up to {at}, {end - at} messages to go")


def _topic_offsets(topic: Topic, say: Callable[[str], None]) -> dict[Queue, tuple[int, int]]:
    queues = topic.queues()
    offsets = {queue: (topic.min_offset(queue), topic.max_offset(queue)) for queue in queues}
    for queue, (first, _) in offsets.items():
        topic.pull(queue, first, max_messages=1)
    brokers = sorted({queue.broker for queue in queues})
    say(f"ok  topic {topic.topic}: {len(queues)} queues on {', '.join(brokers)}, each of which can be read")
    return offsets


def _write_and_remove(target: Target) -> None:
    path = f"{target.root}/{OWN_FOLDER}/check-{secrets.token_hex(4)}"
    try:
        target.filesystem.create_dir(f"{target.root}/{OWN_FOLDER}", recursive=True)
        with target.filesystem.open_output_stream(path) as stream:
            stream.write(pa.py_buffer(b"check"))
        target.filesystem.move(path, f"{path}-moved")
        target.filesystem.delete_file(f"{path}-moved")
    except OSError as error:
        raise LakeError("TARGET_UNUSABLE", f"{target.uri} cannot be written to: {error}.") from error
