"""A way to PostgreSQL that breaks just when something is committed: done or not, whoever asked is never told."""

import contextlib
import socket
import threading

from sqlalchemy.engine import make_url

from tests.faults.way import Way

_COMMIT = b"COMMIT\x00"  # of a simple query, as psycopg sends it


class Losing(Way):
    """`with Losing(url) as way: Desk(url=way.url)`. Each `every`th COMMIT is lost, before it is done or after.

    Before: the server never hears of it, and rolls back. After: it has committed, and its answer does not come.
    """

    def __init__(self, url: str, every: int = 5) -> None:
        super().__init__()
        made = make_url(url)
        self._target = (made.host or "127.0.0.1", made.port or 5432)
        self._every, self._commits = every, 0
        self._lock = threading.Lock()
        self.armed = threading.Event()
        self.before = self.after = 0  # commits that were lost so far
        self.url = made.set(host="127.0.0.1", port=self.port).render_as_string(hide_password=False)

    def serve(self, client: socket.socket) -> None:
        """Both directions, each in a thread."""
        server = socket.create_connection(self._target)
        done = threading.Event()
        threading.Thread(target=self._down, args=(server, client, done), daemon=True).start()
        self._up(client, server, done)

    def _up(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        """What the desk says. Commits are counted over all connections."""
        try:
            while data := client.recv(65536):
                fate = self._fate() if _COMMIT in data and self.armed.is_set() else ""
                if fate == "before":
                    break
                if fate == "after":
                    lost.set()  # nothing that the server says from here on is passed on
                server.sendall(data)
        except OSError:
            pass  # one of both went: so does the other
        finally:
            _end(client if not lost.is_set() else None, server if not lost.is_set() else None)

    def _down(self, server: socket.socket, client: socket.socket, lost: threading.Event) -> None:
        """What the server says; the answer to a commit that is to be lost is waited for, and dropped."""
        try:
            while data := server.recv(65536):
                if lost.is_set():
                    break
                client.sendall(data)
        except OSError:
            pass
        finally:
            _end(client, server)

    def _fate(self) -> str:
        with self._lock:
            self._commits += 1
            if self._commits % self._every:
                return ""
            if self.before <= self.after:
                self.before += 1
                return "before"
            self.after += 1
            return "after"


def _end(*connections: socket.socket | None) -> None:
    for one in connections:
        if one is not None:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
