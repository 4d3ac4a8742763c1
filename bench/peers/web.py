"""Mails handed to a peer's web server, several at once over connections that stay open."""

import contextlib
import http.client
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

from bench.peers.peer import PeerFault, unix_lines
from tests.peers.common import wait_for

WORKERS = 4  # the server's processes, and mails under way at once: twice the processors, for it waits for its database
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Post:
    """The address that takes mails: a form with the mail in the field `field`, and the same other fields each time."""

    def __init__(self, port: int, path: str, field: str, fields: Mapping[str, str]) -> None:
        self._port, self._path, self._field, self._fields = port, path, field, fields

    def take(self, batch: Sequence[bytes], good: bytes = b"") -> float:
        """Hand over all; the seconds. PeerFault when one is refused, or its answer does not begin with `good`."""
        forms = [urlencode({**self._fields, self._field: unix_lines(mail)}).encode() for mail in batch]
        faults: list[str] = []
        shares = [forms[n::WORKERS] for n in range(WORKERS)]
        threads = [threading.Thread(target=self._share, args=(share, good, faults)) for share in shares if share]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise PeerFault(faults[0])
        return time.perf_counter() - started

    def _share(self, forms: Sequence[bytes], good: bytes, faults: list[str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=300)
        try:
            for form in forms:
                connection.request("POST", self._path, form, FORM)
                answer = connection.getresponse()
                said = answer.read()
                if answer.status >= 300 or not said.lstrip().startswith(good):
                    faults.append(f"a mail was answered with {answer.status}: {said.decode(errors='replace')[:300]}")
                    return
        except (OSError, http.client.HTTPException) as error:
            faults.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()


@contextlib.contextmanager
def served(command: Sequence[str | Path], port: int, environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """A web server that answers on this port, ended at the end."""
    with log.open("ab") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file, process_group=0)

    def answers() -> bool:
        if process.poll() is not None:
            raise PeerFault(f"its server ended: {log.read_text(encoding='utf-8', errors='replace')[-600:]}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status < 500
        except OSError:
            return False
        finally:
            connection.close()

    try:
        wait_for(answers, "its web server", 300)
        yield
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
