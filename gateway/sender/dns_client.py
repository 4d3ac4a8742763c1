"""Asks real DNS servers, those of the system or those that are named."""

import threading
import time
from collections.abc import Callable, Sequence

import dns.exception
import dns.name
import dns.nameserver
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.PTR
import dns.rdtypes.ANY.TXT
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.resolver
from dns.rdata import Rdata

from gateway.sender.cache import Answer, Cache
from gateway.sender.health import Health
from gateway.sender.resolver import Kind, Record, Unanswered

_QUERY_SECONDS = 3.0  # for one question, whatever is left of the mail's time
_PROBE_SECONDS = 2.0
_MAX_RECORDS = 100
_NO_NAME_SECONDS = 60.0


class DnsResolver:
    """A resolver with a cache, for all threads of a process. Nothing is read or sent before the first question."""

    def __init__(self, servers: Sequence[tuple[str, int]] = (), clock: Callable[[], float] = time.monotonic) -> None:
        """`servers` are addresses and ports; without any, those of /etc/resolv.conf."""
        self._servers = tuple(servers)
        self._cache = Cache(clock)
        self._health = Health(self.answers, clock)
        self._lock = threading.Lock()
        self._made: dns.resolver.Resolver | None = None

    def lookup(self, name: str, kind: Kind, seconds: float) -> tuple[Record, ...]:
        """The records of a name, () where there are none. Raises Unanswered."""
        name = name.lower().removesuffix(".")
        return self._cache.get((name, kind), lambda: self._ask(name, kind, seconds), seconds)

    def answers(self, seconds: float) -> bool:
        """True when a server answers anything: asked for the root, which each of them knows something about."""
        try:
            self._resolver().resolve(dns.name.root, "NS", lifetime=min(seconds, _PROBE_SECONDS), search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return True
        except dns.resolver.NoNameservers as error:
            return _was_answered(error)
        except (dns.exception.DNSException, OSError):
            return False
        return True

    def _ask(self, name: str, kind: Kind, seconds: float) -> Answer:
        try:
            asked = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError):
            return Answer((), _NO_NAME_SECONDS)  # no such name can exist
        self._health.require(seconds)
        try:
            found = self._resolver().resolve(
                asked, kind, lifetime=min(seconds, _QUERY_SECONDS), search=False, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            self._health.answered()
            return Answer((), _NO_NAME_SECONDS)
        except dns.resolver.NoNameservers as error:
            if not _was_answered(error):
                self._health.doubt()
            raise Unanswered(f"DNS has no answer for {name}") from error
        except (dns.exception.DNSException, OSError) as error:
            self._health.doubt()
            raise Unanswered(f"DNS did not answer for {name} ({type(error).__name__})") from error
        self._health.answered()
        records = [_record(item) for item in found][:_MAX_RECORDS] if found.rrset is not None else []
        return Answer(tuple(record for record in records if record is not None), found.chaining_result.minimum_ttl)

    def _resolver(self) -> dns.resolver.Resolver:
        with self._lock:
            if self._made is None:
                made = dns.resolver.Resolver(configure=not self._servers)
                if self._servers:
                    made.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in self._servers]
                made.timeout = 1.5  # for one server; then the next is tried
                self._made = made
            return self._made


def _was_answered(error: dns.resolver.NoNameservers) -> bool:
    """True when a server said that it cannot, and did not just stay silent."""
    return any(entry[4] is not None for entry in error.kwargs.get("errors", ()))


def _record(item: Rdata) -> Record | None:
    if isinstance(item, dns.rdtypes.ANY.TXT.TXT):
        return b"".join(item.strings)
    if isinstance(item, dns.rdtypes.ANY.MX.MX):
        return item.preference, item.exchange.to_text(omit_final_dot=True)
    if isinstance(item, dns.rdtypes.ANY.PTR.PTR):
        return item.target.to_text(omit_final_dot=True)
    if isinstance(item, dns.rdtypes.IN.A.A | dns.rdtypes.IN.AAAA.AAAA):
        return str(item.address)
    return None
