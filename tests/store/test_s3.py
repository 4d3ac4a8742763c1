"""The S3 store, against a real server: the same promises as the folder, and faults that pass are those of a disk."""

import hashlib
import io
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from obstore import delete, put

from gateway.outage import is_ours
from store import s3_client
from store.s3_blobs import IN_MEMORY, S3Blobs
from store.s3_client import PART, Client, Damaged, S3Config, StoreAway
from tests.peers.common import free_port
from tests.peers.s3 import ACCESS_KEY, BUCKET, REGION, S3, SECRET_KEY

_PREFIXES = (f"test-{number}/" for number in count(1))
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    """One for all tests of this file; each has a prefix of its own."""
    with S3() as running:
        yield running


@pytest.fixture
def config(server: S3) -> S3Config:
    """An empty place in the bucket."""
    return S3Config(BUCKET, server.endpoint, next(_PREFIXES), REGION, ACCESS_KEY, SECRET_KEY)


@pytest.fixture
def blobs(config: S3Config) -> S3Blobs:
    """Its store."""
    return S3Blobs(config)


def soon() -> datetime:
    """A moment before which everything was put."""
    return datetime.now(UTC) + HOUR


def test_put_many(blobs: S3Blobs) -> None:
    """Each under its SHA-256, in order; the same bytes once."""
    items = [b"", b"one", b"two", b"one", *(b"%d" % number for number in range(40))]
    digests = blobs.put_many(iter(items))
    assert digests == [hashlib.sha256(item).hexdigest() for item in items]
    assert [blobs.read(digest) for digest in digests] == items
    assert blobs.put_many([]) == []


@pytest.mark.parametrize("size", [0, 1000, IN_MEMORY + 1, 2 * PART + 4711])
def test_a_writer_puts_when_it_is_sealed(blobs: S3Blobs, size: int) -> None:
    """Small from memory, big from a file, very big in several parts; before that there is nothing."""
    data = os.urandom(size)
    writer = blobs.writer()
    for start in range(0, size, 300_000):
        writer.write(memoryview(data)[start : start + 300_000])
    digest = hashlib.sha256(data).hexdigest()
    assert writer.size == size
    assert blobs.names(digest[:2], "", 9) == []
    assert writer.seal() == digest
    assert blobs.read(digest) == data
    with blobs.open(digest) as stream:
        assert stream.read(10) == data[:10]
        assert stream.read() == data[10:]
    writer.abort()
    for step in (writer.seal, lambda: writer.write(b"more")):
        with pytest.raises(ValueError, match="sealed"):
            step()


def test_a_writer_that_is_given_up_leaves_nothing(blobs: S3Blobs) -> None:
    """Also when it is given up twice."""
    writer = blobs.writer()
    writer.write(b"half")
    writer.abort()
    writer.abort()
    digest = hashlib.sha256(b"half").hexdigest()
    assert blobs.names(digest[:2], "", 9) == []


def test_one_that_is_not_there(blobs: S3Blobs) -> None:
    """FileNotFoundError, and the store counts as well: the next request is not refused unasked."""
    for read in (blobs.read, blobs.open):
        with pytest.raises(FileNotFoundError):
            read("0" * 64)
    assert not blobs.forget("0" * 64, soon())
    blobs.look()
    blobs.check()


def test_eight_threads_put_the_same(blobs: S3Blobs) -> None:
    """Whoever comes second writes the very same."""
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda n: blobs.put_many([b"%d" % (n % 3), b"same"]), range(24)))
    assert len({digest for pair in found for digest in pair}) == 4


def test_a_fork_is_told(blobs: S3Blobs) -> None:
    """A store that was used before a fork would wait for ever in the child: there it is an error at once."""
    (digest,) = blobs.put_many([b"before"])
    pid = os.fork()
    if pid == 0:
        try:
            blobs.read(digest)
        except RuntimeError:
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert blobs.read(digest) == b"before"


def test_names(blobs: S3Blobs) -> None:
    """Behind a place, in order, bounded; what is aside is not among them."""
    digests = sorted(blobs.put_many(b"%d" % number for number in range(200)))
    start = max({digest[:2] for digest in digests}, key=lambda two: sum(d.startswith(two) for d in digests))
    ours = [digest for digest in digests if digest.startswith(start)]
    assert len(ours) > 2
    assert blobs.names(start, "", 500) == ours
    assert blobs.names(start, "", 2) == ours[:2]
    assert blobs.names(start, ours[0], 500) == ours[1:]
    assert blobs.names(start, ours[0][:24], 500) == ours[1:]
    blobs.forget(ours[0], soon())
    assert blobs.names(start, "", 500) == ours[1:]


def test_only_what_is_old_is_forgotten(blobs: S3Blobs) -> None:
    """What was put later stays; what is forgotten lies aside, and goes for good when it is settled."""
    (digest,) = blobs.put_many([b"old"])
    assert not blobs.forget(digest, datetime.now(UTC) - HOUR)
    assert blobs.forget(digest, soon())
    assert blobs.aside(datetime.now(UTC) - HOUR, 9) == []
    assert blobs.aside(soon(), 9) == [digest]
    blobs.settle(digest, wanted=False)
    assert blobs.aside(soon(), 9) == []
    with pytest.raises(FileNotFoundError):
        blobs.read(digest)


def test_who_reads_what_was_forgotten_has_it_back(blobs: S3Blobs) -> None:
    """A row named it after all."""
    (digest,) = blobs.put_many([b"wanted"])
    blobs.forget(digest, soon())
    assert blobs.read(digest) == b"wanted"
    blobs.settle(digest, wanted=True)
    assert blobs.read(digest) == b"wanted"
    blobs.forget(digest, soon())
    with blobs.open(digest) as stream:
        assert stream.read() == b"wanted"


@pytest.mark.parametrize("at", range(4))
def test_put_again_while_it_is_forgotten(config: S3Config, at: int) -> None:
    """The same bytes are put at any moment between two requests of whoever forgets them: they are there at the end."""
    other = S3Blobs(config)
    requests = iter(range(100))

    class Interrupted(S3Blobs):
        def _between(self) -> None:
            if next(requests) == at:
                other.put_many([b"again"])

        def _is_old(self, key: str, before: datetime) -> bool:
            self._between()
            return super()._is_old(key, before)

        def _copy(self, source: str, target: str) -> None:
            self._between()
            super()._copy(source, target)

        def _delete(self, key: str) -> None:
            self._between()
            super()._delete(key)

    blobs = Interrupted(config)
    (digest,) = other.put_many([b"again"])
    blobs.forget(digest, soon())
    for forgotten in other.aside(soon(), 9):
        other.settle(forgotten, wanted=True)  # the row is committed by then
    assert other.read(digest) == b"again"


def test_other_bytes_than_those_of_the_name(config: S3Config, blobs: S3Blobs) -> None:
    """They are never handed out as whole: a fault that a mail waits for, at no attempt of its own."""
    (digest,) = blobs.put_many([b"right"])
    put(Client(config).store, blobs.key(digest), b"wrong")
    with pytest.raises(Damaged) as caught:
        blobs.read(digest)
    assert is_ours(caught.value)
    with blobs.open(digest) as stream, pytest.raises(Damaged):
        stream.read()


def test_a_stream_goes_into_any_reader(blobs: S3Blobs) -> None:
    """As the portal reads it: block by block, and as text."""
    (digest,) = blobs.put_many([b"line\n" * 100_000])
    with blobs.open(digest) as stream:
        assert sum(1 for _ in io.TextIOWrapper(stream)) == 100_000


@pytest.mark.parametrize(
    "change, words",
    [
        ({"secret_key": "wrong"}, "blobs.access_key and blobs.secret_key do not belong together"),
        ({"bucket": "elsewhere"}, "there is no bucket 'elsewhere'"),
        ({"endpoint": f"http://127.0.0.1:{free_port()}", "deadline": 0.2}, "does not answer"),
    ],
)
def test_what_is_wrong_is_said(config: S3Config, change: dict[str, str], words: str) -> None:
    """In words for whoever can mend it, without the secret, as a fault of ours and not of a blob."""
    blobs = S3Blobs(replace(config, **change))  # type: ignore[arg-type]
    for step in (blobs.check, lambda: blobs.read("0" * 64), lambda: blobs.names("00", "", 3)):
        with pytest.raises(StoreAway) as caught:
            step()
        assert words in str(caught.value)
        assert SECRET_KEY not in str(caught.value).replace("blobs.secret_key", "")
        assert is_ours(caught.value)
        assert not isinstance(caught.value, FileNotFoundError)


@contextmanager
def answering(*replies: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server that says these things, one for each connection, the last one for ever; its port, and what was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for number in count():
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(replies[min(number, len(replies) - 1)])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], asked
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
FINE = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\nETag: \"1\"\r\n"
    b"Last-Modified: Mon, 23 Nov 2026 12:00:00 GMT\r\n\r\none"
)  # fmt: skip


def test_a_busy_store_is_asked_again(config: S3Config) -> None:
    """503 twice, then the bytes: nobody notices."""
    with answering(BUSY, BUSY, FINE) as (port, asked):
        blobs = S3Blobs(replace(config, endpoint=f"http://127.0.0.1:{port}"))
        assert blobs.read(hashlib.sha256(b"one").hexdigest()) == b"one"
        assert len(asked) == 3


def test_a_store_that_stays_busy_ends_in_an_error_and_a_pause(config: S3Config) -> None:
    """After the deadline; whoever comes in the pause is told at once, so that a batch waits once."""
    with answering(BUSY) as (port, asked):
        blobs = S3Blobs(replace(config, endpoint=f"http://127.0.0.1:{port}", deadline=0.5))
        with pytest.raises(StoreAway, match=r"does not answer|status 503"):
            blobs.put_many([b"one"])
        before = len(asked)
        assert before > 1
        with pytest.raises(StoreAway):
            blobs.read("0" * 64)
        assert len(asked) == before


def test_without_the_library_it_is_said(config: S3Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the store is built, not when the first mail comes."""
    monkeypatch.setattr(s3_client, "installed", lambda: False)
    with pytest.raises(s3_client.MissingLibrary):
        S3Blobs(config)


def test_the_bucket_may_hold_other_things(config: S3Config, blobs: S3Blobs) -> None:
    """What is no digest is not ours, and is never named."""
    store = Client(config).store
    stray = f"{config.prefix}ab/readme.txt"
    put(store, stray, b"not ours")
    assert blobs.names("ab", "", 9) == []
    delete(store, stray)
