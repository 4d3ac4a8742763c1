"""A way to an S3 store that fails half-way: as a balancer, a network or the service itself may."""

import contextlib
import http.client
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urlsplit

from tests.faults.way import Way


@dataclass(slots=True)
class Request:
    """What a client asks for: its head as it came, and its body."""

    method: str
    path: str
    head: bytes
    body: bytes


# What becomes of a request: "" passes it on; "500" answers so without it; "half" reads half of its body and hangs up;
# "lost" has it done and hangs up without the answer; "cut" passes on half of the answer's body, and hangs up.
Fate = Callable[[Request], str]


class S3Proxy(Way):
    """`with S3Proxy(server.endpoint) as way`: an endpoint whose `fate` can be changed while it runs."""

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        parts = urlsplit(endpoint)
        self._target = (parts.hostname or "", parts.port or 80)
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.fate: Fate = lambda request: ""
        self.done: list[tuple[str, str, str]] = []  # method, path and fate of each that did not just pass

    def serve(self, client: socket.socket) -> None:
        """Request after request."""
        with contextlib.suppress(OSError, http.client.HTTPException), client, client.makefile("rb") as file:
            while self._one(client, file):
                pass

    def _one(self, client: socket.socket, file: BinaryIO) -> bool:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = file.readline()
            if not line:
                return False
            head += line
        fields = {
            name.lower(): value.strip() for name, _, value in (one.partition(b":") for one in head.split(b"\r\n"))
        }
        size = int(fields.get(b"content-length", b"0"))
        method, path, _ = head.decode("latin-1").split(" ", 2)
        request = Request(method, path, head, b"")
        fate = self.fate(request)
        if fate:
            self.done.append((method, path, fate))
        if fate == "half":
            file.read(size // 2)
            return False
        request.body = file.read(size)
        if fate == "500":
            client.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
            return True
        answer = self._passed_on(request)
        if fate == "lost":
            return False
        if fate == "cut":
            begin = answer.index(b"\r\n\r\n") + 4
            client.sendall(answer[: begin + (len(answer) - begin) // 2])
            return False
        client.sendall(answer)
        return True

    def _passed_on(self, request: Request) -> bytes:
        """The answer of the store, whole; asked over a connection of its own. The signature is of the head as it is."""
        with socket.create_connection(self._target, 60) as server:
            server.sendall(request.head + request.body)
            response = http.client.HTTPResponse(server, method=request.method)
            response.begin()
            body = response.read()
            head = [f"HTTP/1.1 {response.status} {response.reason}"]
            hidden = ("transfer-encoding", "connection") if request.method == "HEAD" else (
                "transfer-encoding", "connection", "content-length"
            )  # fmt: skip
            head += [f"{name}: {value}" for name, value in response.getheaders() if name.lower() not in hidden]
            if request.method != "HEAD" and response.status != 204:
                head.append(f"Content-Length: {len(body)}")
            return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body
