"""A small authoritative DNS server on a port of 127.0.0.1, by UDP and TCP; it counts what it is asked."""

import socket
import socketserver
import struct
import threading
from types import TracebackType
from typing import Self, cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from tests.peers.common import free_port

_MAX_UDP = 1_232


class DnsServer:
    """Answers from `records`; SERVFAIL for names in `broken`, silence for those in `silent`, for all when `mute`."""

    def __init__(self, port: int = 0) -> None:
        self.port = port or free_port()
        self.records: dict[tuple[str, str], list[str]] = {}
        self.broken: set[str] = set()
        self.silent: set[str] = set()
        self.mute = False
        self.ttl = 300
        self.asked: list[tuple[str, str]] = []
        self._servers: list[socketserver.BaseServer] = []

    def add(self, name: str, kind: str, *values: str) -> None:
        """Set the records of a name; of a TXT record the text, however long it is."""
        self.records[name, kind] = [_quoted(value) if kind == "TXT" else value for value in values]

    def count(self, name: str, kind: str = "TXT") -> int:
        """How often this was asked for."""
        return self.asked.count((name, kind))

    def answer(self, wire: bytes, limit: int) -> bytes | None:
        """The answer to a query; None is silence."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if self.mute or name in self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        if name in self.broken:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif values := self.records.get((name, kind)):
            response.answer.append(dns.rrset.from_text_list(question.name, self.ttl, dns.rdataclass.IN, kind, values))
        elif not any(known == name for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        try:
            return response.to_wire(max_size=limit)
        except dns.exception.TooBig:
            response.answer.clear()
            response.flags |= dns.flags.TC
            return response.to_wire()

    def __enter__(self) -> Self:
        server = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                wire, sock = cast("tuple[bytes, socket.socket]", self.request)
                if (found := server.answer(wire, _MAX_UDP)) is not None:
                    sock.sendto(found, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while head := self.rfile.read(2):
                    found = server.answer(self.rfile.read(struct.unpack("!H", head)[0]), 65_535)
                    if found is not None:
                        self.wfile.write(struct.pack("!H", len(found)) + found)

        address = ("127.0.0.1", self.port)
        self._servers = [socketserver.ThreadingUDPServer(address, Udp), _Tcp(address, Tcp)]
        for each in self._servers:
            threading.Thread(target=each.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in self._servers:
            each.shutdown()
            each.server_close()


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def _quoted(text: str) -> str:
    """As strings of at most 255 bytes (RFC 1035 section 3.3)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return " ".join(f'"{escaped[start : start + 250]}"' for start in range(0, max(len(escaped), 1), 250))
