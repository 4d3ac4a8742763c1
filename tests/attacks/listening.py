"""A listener in a thread of its own, with a spool that keeps mails in a list."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import structlog
import uvloop

from gateway.envelope import Envelope
from gateway.listener import Listener, ListenerConfig, Verdict
from store.blobs import BlobStore, BlobWriter, FolderBlobs

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


@dataclass
class ListSpool:
    """Keeps each mail at once. `fault` is raised instead; while `held`, nothing is decided."""

    kept: list[tuple[Envelope, bytes]] = field(default_factory=list)
    fault: Exception | None = None
    blobs: BlobStore | None = None
    held: bool = False
    waiting: list[Callable[[], None]] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def submit(self, envelope: Envelope, data: bytes | BlobWriter) -> "Future[int]":
        """Take a mail over, as the real spool does."""
        future: Future[int] = Future()

        def decide() -> None:
            if self.fault is not None:
                future.set_exception(self.fault)
                return
            self.kept.append((envelope, data if isinstance(data, bytes) else self._sealed(data)))
            future.set_result(len(self.kept))

        if self.held:
            self.waiting.append(decide)
        else:
            decide()
        self.arrived.release()
        return future

    def _sealed(self, data: BlobWriter) -> bytes:
        assert self.blobs is not None
        return self.blobs.read(data.seal())

    def release(self) -> None:
        """Decide all that was held."""
        self.held = False
        for decide in self.waiting:
            decide()

    @property
    def mails(self) -> list[bytes]:
        """The mails without our own Received line."""
        return [raw.split(b"\r\n", 3)[3] for _, raw in self.kept]


class FullDisk(FolderBlobs):
    """A blob store on a disk without room: the kernel itself says so."""

    class Writer:
        """Writes to /dev/full."""

        def __init__(self) -> None:
            self.size = 0
            self.aborted = False

        def write(self, data: bytes | memoryview) -> None:
            """Raise ENOSPC."""
            with open("/dev/full", "wb", buffering=0) as full:
                full.write(data)

        def seal(self) -> str:
            """Never reached."""
            raise AssertionError

        def abort(self) -> None:
            """Note it."""
            self.aborted = True

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.opened: list[FullDisk.Writer] = []

    def writer(self) -> "FullDisk.Writer":  # type: ignore[override]  # another writer with the same face
        """Start a blob that will not fit."""
        self.opened.append(self.Writer())
        return self.opened[-1]


def knows(address: str) -> Verdict:
    """The desk under test: desk@, other@, service@ and u<n>@ of desk.test, in any case."""
    local, _, domain = address.lower().rpartition("@")
    ours = local in ("desk", "other", "service") or (local[:1] == "u" and local[1:].isdigit())
    known = ours and domain == "desk.test"
    return Verdict.ACCEPT if known else Verdict.UNKNOWN


class Running:
    """A started listener; calls into its loop from the test's thread."""

    def __init__(self, listener: Listener, loop: asyncio.AbstractEventLoop) -> None:
        self.listener = listener
        self.loop = loop
        self.port = 0
        self._thread = threading.Thread(target=loop.run_forever)

    def __enter__(self) -> "Running":
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self.listener.start(), self.loop).result(10)
        return self

    def stop(self, grace: float = 5.0) -> "Future[None]":
        """Begin to stop."""
        return asyncio.run_coroutine_threadsafe(self.listener.stop(grace), self.loop)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.stop(0.2).result(20)
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(10)
            self.loop.close()


@contextmanager
def listening(
    config: ListenerConfig,
    spool: ListSpool,
    folder: Path,
    loop: str = "uvloop",
    knows: Callable[[str], Verdict] = knows,
    blobs: BlobStore | None = None,
) -> Iterator[Running]:
    """Run a listener on a free port."""
    spool.blobs = blobs or FolderBlobs(folder)
    with Running(Listener(config, spool.submit, spool.blobs, knows), LOOPS[loop]()) as running:
        yield running


def incoming(folder: Path) -> list[Path]:
    """Blobs that were begun and neither sealed nor aborted."""
    return list((folder / "incoming").iterdir())


def main() -> None:
    """As a program: listen with the shipped limits, print the port, throw mails away, stop at the end of input."""

    class Nothing(ListSpool):
        def submit(self, envelope: Envelope, data: bytes | BlobWriter) -> "Future[int]":
            if not isinstance(data, bytes):
                data.abort()
            future: Future[int] = Future()
            future.set_result(1)
            return future

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # standard output tells the port
    with listening(ListenerConfig("127.0.0.1", 0, "smtp", "desk.test"), Nothing(), Path(sys.argv[1])) as running:
        print(running.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
