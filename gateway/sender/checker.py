"""Says of each mail who sent it, by the way that suits how it came in."""

import ipaddress
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from gateway.envelope import Envelope, Mailbox, Message
from gateway.headers import clean
from gateway.sender import results
from gateway.sender.domains import domain_of
from gateway.sender.identity import identity
from gateway.sender.resolver import Questions, Resolver
from gateway.sender.verdict import Verified

log = structlog.get_logger(__name__)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MAX_CHECKS = 30
MAX_THREADS = 16  # they wait for DNS most of the time
# Nobody of the world outside comes from there: what does has passed a relay of our own.
OWN_NETWORKS: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Received:
    """A mail with its bytes and its envelope."""

    raw: bytes
    envelope: Envelope
    message: Message
    id: int = 0  # of the received mail, for the log


@dataclass(frozen=True, slots=True)
class SenderCheck:
    """How this desk tells who sent a mail. Without anything set it believes nobody."""

    trusted: tuple[str, ...] = ()  # authserv-ids whose topmost Authentication-Results is believed
    direct: bool = False  # verify ourselves what comes straight from its sender
    relays: tuple[Network, ...] = ()  # our own, beside OWN_NETWORKS: what comes from there is not straight
    sealers: tuple[str, ...] = ()  # domains whose ARC seal is believed
    form_relays: tuple[str, ...] = ()  # addresses of web forms that name the person in Reply-To
    resolver: Resolver | None = None
    seconds: float = 5.0  # for all questions to DNS about one mail

    @property
    def verifies(self) -> bool:
        """False where nobody can ever get `pass`."""
        return bool(self.trusted or self.direct or self.sealers)

    def identify_many(self, mails: Sequence[Received], now: datetime | None = None) -> list[tuple[Mailbox, Verified]]:
        """For each mail whose it is, and whether that is proven; in the same order."""
        found = self.verify_many(mails, now)
        return [self._identify(mail.message, verified) for mail, verified in zip(mails, found, strict=True)]

    def verify_many(self, mails: Sequence[Received], now: datetime | None = None) -> list[Verified]:
        """As `verify`, in the same order; the waits for DNS overlap."""
        now = now or datetime.now(UTC)
        if len(mails) < 2 or not (self.direct or self.sealers):
            return [self.verify(mail, now) for mail in mails]
        with ThreadPoolExecutor(min(MAX_THREADS, len(mails)), "sender") as threads:
            return list(threads.map(lambda mail: self.verify(mail, now), mails))

    def verify(self, mail: Received, now: datetime) -> Verified:
        """Whether the From of a mail is proven. Never raises."""
        try:
            return _clean(self._verify(mail, now))
        except Exception as error:  # a mail of strangers, read by libraries of others: it proves nothing
            log.warning("a sender could not be verified", mail=mail.id, exc_info=error)
            return Verified("none", f"The sender could not be verified ({type(error).__name__}).")

    def _verify(self, mail: Received, now: datetime) -> Verified:
        domain = domain_of(mail.message.sender.key)
        if mail.message.over_limit:
            return Verified("none", "The mail was not looked at: it is not safe to open.")
        if not domain:
            return Verified("none", "From names nobody, or several.")
        questions = Questions(self.resolver, self.seconds) if self.resolver else None
        at = mail.envelope.received_at or now
        found = self._by_way(mail, domain, questions, at)
        if found.verdict == "pass" or not self.sealers or questions is None:
            return found
        from gateway.sender import arc

        sealed = arc.verify(mail.raw, domain, self.sealers, questions, at)
        if sealed is None:
            return found
        best = sealed if sealed.verdict == "pass" else found
        return replace(best, checks=found.checks + sealed.checks)

    def _by_way(self, mail: Received, domain: str, questions: Questions | None, at: datetime) -> Verified:
        straight = self._comes_straight(mail.envelope)
        if self.direct and questions is not None and straight:
            from gateway.sender import direct

            return direct.verify(mail.raw, mail.envelope, domain, questions, at)
        if straight and self.relays and self.trusted:
            return Verified("none", "The mail did not come through a relay of ours: what it says of itself is nothing.")
        if not self.trusted and self.direct:
            return Verified("none", f"The mail did not come straight from its sender. {results.NOBODY}")
        return results.verify(mail.message.authentication_results, domain, self.trusted)

    def _comes_straight(self, envelope: Envelope) -> bool:
        """By SMTP from an address outside; who relays for us is asked for its results instead."""
        if envelope.source != "smtp":
            return False
        try:
            peer = ipaddress.ip_address(envelope.peer.partition("%")[0])
        except ValueError:
            return False  # a unix socket, or a mail that was never on a wire
        if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped:
            peer = peer.ipv4_mapped
        return not any(peer in network for network in (*OWN_NETWORKS, *self.relays))

    def _identify(self, message: Message, verified: Verified) -> tuple[Mailbox, Verified]:
        person = identity(message, verified, self.form_relays, verifies=self.verifies)
        if person is None:
            return message.sender, verified
        reason = f"The web form {message.sender.address} wrote it for {person.address}. Nobody proved that address."
        return person, Verified("none", reason, verified.checks)


def _clean(verified: Verified) -> Verified:
    """Bounded and on one line each: names of strangers stand in it."""
    lines = tuple(clean(line, 300) for line in verified.checks[:_MAX_CHECKS])
    return Verified(verified.verdict, clean(verified.reason, 500), lines)
