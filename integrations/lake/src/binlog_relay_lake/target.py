"""Where the change log is: a folder of a local disk, of HDFS or of a store like S3. A file appears whole or not at all.

It is written under a name that nobody reads, and moved when it is whole. On disks and HDFS moving is atomic; a store
like S3 has no such thing, and copies inside of itself: the copy appears when it is whole, and what a crash leaves of
the first name is removed by the next start.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import pyarrow as pa
from pyarrow import fs

from . import landed
from .errors import LakeError
from .landed import OWN_FOLDER, LandedFile
from .remoting import Queue

T = TypeVar("T")


class Target:
    """`uri`: file:///…, hdfs://host:port/…, s3://bucket/…, or a path. Raises TARGET_UNUSABLE when it is none."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        try:
            self.filesystem, root = fs.FileSystem.from_uri(os.path.abspath(uri) if "://" not in uri else uri)
        except (OSError, ValueError, ImportError) as error:
            raise LakeError("TARGET_UNUSABLE", f"{uri} cannot be used: {error}.", _remedy(uri)) from error
        self.root = root.rstrip("/")
        self._is_local = isinstance(self.filesystem, fs.LocalFileSystem)
        self._claim: str | None = None

    def files_back(self, queue: Queue, end: int | None = None) -> Iterator[LandedFile]:
        """The files of a queue that end at `end` or before, newest first."""
        for day in reversed(self._try(lambda: landed.days_of(self.filesystem, self.root))):
            files = self._files_of_day(day)
            for file in sorted(files, key=lambda file: (file.end, file.start), reverse=True):
                if file.queue == queue and (end is None or file.end <= end):
                    yield file

    def newest_files(self, queues: list[Queue]) -> dict[Queue, LandedFile]:
        """Of each queue the file that ends last. Days are looked through backwards until all queues were found."""
        found: dict[Queue, LandedFile] = {}
        for day in reversed(self._try(lambda: landed.days_of(self.filesystem, self.root))):
            of_day = {file.queue: file for file in sorted(self._files_of_day(day), key=lambda file: file.end)}
            found = of_day | found
            if all(queue in found for queue in queues):
                break
        return found

    def newest_day(self) -> str:
        return max(self._try(lambda: landed.days_of(self.filesystem, self.root)), default="")

    def read(self, path: str) -> pa.NativeFile:
        return self._try(lambda: self.filesystem.open_input_file(path))

    def claim(self) -> None:
        """From here on this process writes here, and no other that did before."""
        self._try(lambda: self.filesystem.create_dir(f"{self.root}/{OWN_FOLDER}/part", recursive=True))
        claim = f"{self.root}/{OWN_FOLDER}/claim-{time.time_ns()}-{secrets.token_hex(4)}"
        others = self._own_files("")
        self._try(lambda: self._write(claim, pa.py_buffer(b"")))
        for path in others + self._own_files("part"):
            if path != claim:
                self._delete(path)
        self._claim = claim

    def require_claim(self) -> None:
        """Raises TARGET_TAKEN when another process has claimed the target since."""
        claim = self._claim
        if claim is None or self._try(lambda: self.filesystem.get_file_info(claim)).type == fs.FileType.NotFound:
            raise LakeError("TARGET_TAKEN", f"Another lander writes to {self.uri} now.")

    def release(self) -> None:
        if self._claim is not None:
            self._delete(self._claim)
            self._claim = None

    def publish(self, relative: str, content: pa.Buffer) -> int:
        """Puts a whole file there. Returns its bytes. Raises TARGET_FAILED, after which it may be tried again."""
        self.require_claim()
        final = f"{self.root}/{relative}"
        part = f"{self.root}/{OWN_FOLDER}/part/{relative.rpartition('/')[2]}-{secrets.token_hex(4)}"
        self._try(lambda: self._publish(part, final, content))
        return content.size

    def _publish(self, part: str, final: str, content: pa.Buffer) -> None:
        self.filesystem.create_dir(final.rpartition("/")[0], recursive=True)
        self._write(part, content)
        there = self.filesystem.get_file_info(part)
        if there.size != content.size:
            raise OSError(f"{part} has {there.size} bytes of {content.size}")
        self.require_claim()  # Writing may have taken long.
        self.filesystem.move(part, final)
        if self._is_local:
            _sync(os.path.dirname(final))

    def _write(self, path: str, content: pa.Buffer) -> None:
        if self._is_local:
            with open(path, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            return
        with self.filesystem.open_output_stream(path) as stream:
            stream.write(content)

    def _files_of_day(self, day: str) -> list[LandedFile]:
        return self._try(lambda: landed.files_of_day(self.filesystem, self.root, day))

    def _own_files(self, folder: str) -> list[str]:
        selector = fs.FileSelector(f"{self.root}/{OWN_FOLDER}/{folder}".rstrip("/"), allow_not_found=True)
        return [info.path for info in self._try(lambda: self.filesystem.get_file_info(selector)) if info.is_file]

    def _delete(self, path: str) -> None:
        try:
            self.filesystem.delete_file(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise LakeError("TARGET_FAILED", f"{path} cannot be removed: {error}.") from error

    def _try(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except OSError as error:
            raise LakeError("TARGET_FAILED", f"{self.uri}: {error}.", _remedy(self.uri)) from error


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remedy(uri: str) -> str:
    if uri.startswith("hdfs://"):
        return (
            "HDFS needs a Java, ARROW_LIBHDFS_DIR or HADOOP_HOME (libhdfs.so), and CLASSPATH (hadoop classpath --glob)."
        )
    if uri.startswith("s3://"):
        return "Check region, endpoint_override and the credentials of AWS in the environment."
    return "Check that the folder can be written to."
