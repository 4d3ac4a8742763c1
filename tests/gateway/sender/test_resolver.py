"""DNS asked: what is kept, what is asked once for many, and what happens when it is away."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.sender.cache import MAX_ENTRIES, Answer, Cache
from gateway.sender.dns_client import DnsResolver
from gateway.sender.health import AWAY_SECONDS, Health
from gateway.sender.resolver import Questions, Unanswered
from tests.gateway.sender.mails import CUSTOMER, PLAIN, check, received, sign, verdict_of, zone
from tests.peers.dns_server import DnsServer

REJECT = "v=DMARC1; p=reject"
KEY = f"s1._domainkey.{CUSTOMER}"


class Clock:
    """The time, as a test sets it."""

    now = 1000.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now


def resolver(server: DnsServer, clock: Clock) -> DnsResolver:
    """One that asks this server."""
    return DnsResolver([("127.0.0.1", server.port)], clock)


def test_each_kind_of_record(dns: DnsServer) -> None:
    """As the checks need them; long texts in one piece, also those that need TCP."""
    dns.add("a.test", "A", "192.0.2.1", "192.0.2.2")
    dns.add("a.test", "AAAA", "2001:db8::1")
    dns.add("a.test", "MX", "10 mx.a.test.")
    dns.add("1.2.0.192.in-addr.arpa", "PTR", "a.test.")
    dns.add("a.test", "TXT", "x" * 3000)
    found = resolver(dns, Clock())
    assert sorted(map(str, found.lookup("A.test.", "A", 2))) == ["192.0.2.1", "192.0.2.2"]
    assert found.lookup("a.test", "AAAA", 2) == ("2001:db8::1",)
    assert found.lookup("a.test", "MX", 2) == ((10, "mx.a.test"),)
    assert found.lookup("1.2.0.192.in-addr.arpa", "PTR", 2) == ("a.test",)
    assert found.lookup("a.test", "TXT", 2) == (b"x" * 3000,)
    assert dns.count("a.test", "A") == 1


@pytest.mark.parametrize("name", ["nowhere.test", "a..test", "x" * 64 + ".test", "\udcff.test", "é" * 300, ""])
def test_names_that_do_not_exist_or_cannot(dns: DnsServer, name: str) -> None:
    """No records, and no exception."""
    assert resolver(dns, Clock()).lookup(name, "TXT", 2) == ()


def test_answers_are_kept_for_as_long_as_they_hold(dns: DnsServer) -> None:
    """One question within the time to live, another after it."""
    clock = Clock()
    dns.add("a.test", "TXT", "one")
    asking = resolver(dns, clock)
    for _ in range(3):
        assert asking.lookup("a.test", "TXT", 2) == (b"one",)
    assert dns.count("a.test") == 1
    dns.add("a.test", "TXT", "two")
    clock.now += dns.ttl + 1
    assert asking.lookup("a.test", "TXT", 2) == (b"two",)


def test_what_is_not_there_is_kept_too(dns: DnsServer) -> None:
    """A name that does not exist, and a name that has no such record."""
    asking = resolver(dns, Clock())
    dns.add("a.test", "A", "192.0.2.1")
    for _ in range(3):
        assert asking.lookup("a.test", "TXT", 2) == asking.lookup("b.test", "TXT", 2) == ()
    assert (dns.count("a.test"), dns.count("b.test")) == (1, 1)


def test_failures_are_kept_for_a_short_time(dns: DnsServer) -> None:
    """SERVFAIL is not asked for again at once, but soon."""
    clock = Clock()
    asking = resolver(dns, clock)
    dns.broken.add("a.test")
    for _ in range(3):
        with pytest.raises(Unanswered, match=r"no answer for a\.test"):
            asking.lookup("a.test", "TXT", 2)
    assert dns.count("a.test") == 1
    dns.broken.clear()
    dns.add("a.test", "TXT", "well again")
    clock.now += 31
    assert asking.lookup("a.test", "TXT", 2) == (b"well again",)


def test_one_question_for_all_who_have_it(dns: DnsServer) -> None:
    """Sixteen threads with the same question ask once."""
    dns.add("a.test", "TXT", "one")
    asking = resolver(dns, Clock())
    start = threading.Barrier(16)

    def one(_: int) -> object:
        start.wait(10)
        return asking.lookup("a.test", "TXT", 2)

    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(one, range(16))) == {(b"one",)}
    assert dns.count("a.test") == 1


def test_the_cache_is_bounded() -> None:
    """A flood of names pushes out the oldest; a huge answer is not kept at all."""
    cache = Cache(Clock())
    asked: list[str] = []

    def get(name: str, size: int = 3) -> None:
        cache.get((name, "TXT"), lambda: asked.append(name) or Answer((b"x" * size,), 60), 1)  # type: ignore[func-returns-value]

    for n in range(MAX_ENTRIES + 1):
        get(str(n))
    get(str(MAX_ENTRIES))
    get("0")
    get("huge", 10_000)
    get("huge", 10_000)
    assert asked[MAX_ENTRIES + 1 :] == ["0", "huge", "huge"]


def test_an_unexpected_fault_reaches_everybody_and_is_not_kept() -> None:
    """Nobody waits for an answer that cannot come."""
    cache = Cache(Clock())

    def broken() -> Answer:
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            cache.get(("a", "TXT"), broken, 1)
    assert cache.get(("a", "TXT"), lambda: Answer((b"x",), 60), 1) == (b"x",)


def test_while_dns_is_away_nobody_waits() -> None:
    """One look, then nothing is asked for half a minute; a server that is back is noticed."""
    clock, looks, there = Clock(), [], False

    def answers(_: float) -> bool:
        looks.append(clock.now)
        return there

    health = Health(answers, clock)
    for _ in range(20):
        with pytest.raises(Unanswered, match="DNS does not answer"):
            health.require(1)
    assert len(looks) == 1
    there = True
    clock.now += AWAY_SECONDS
    health.require(1)
    health.require(1)
    assert len(looks) == 2
    health.doubt()
    health.require(1)
    assert len(looks) == 3


def test_a_batch_while_dns_is_away(dns: DnsServer) -> None:
    """Twenty mails of as many domains: each is `none` and says why, and hardly anything was asked."""
    dns.mute = True
    mails = [received(PLAIN.replace(b"customer", b"customer%d" % n)) for n in range(20)]
    checker = check(dns, seconds=0.5)
    found = checker.verify_many(mails)
    assert {(one.verdict, one.reason) for one in found} == {("none", "Not verified: DNS does not answer.")}
    assert len(dns.asked) <= 3
    before = len(dns.asked)
    checker.verify_many(mails)
    assert len(dns.asked) == before


def test_a_batch_keeps_its_order_and_shares_its_answers(dns: DnsServer) -> None:
    """Good and forged mails mixed: each gets its own verdict, and each record is asked for once."""
    zone(dns, REJECT, "v=spf1 -all")
    good, bad = received(sign()), received(PLAIN, path=f"x@{CUSTOMER}")
    found = check(dns).verify_many([good, bad] * 10)
    assert [one.verdict for one in found] == ["pass", "fail"] * 10
    assert (dns.count(KEY), dns.count(f"_dmarc.{CUSTOMER}"), dns.count(CUSTOMER)) == (1, 1, 1)


def test_one_silent_domain_harms_nobody_else(dns: DnsServer) -> None:
    """Whoever leaves questions about himself open is not verified, and everybody else still is."""
    zone(dns, REJECT)
    dns.silent.add("_dmarc.silent.test")
    checker = check(dns, seconds=0.5)
    assert verdict_of(checker, PLAIN.replace(CUSTOMER.encode(), b"silent.test")).verdict == "none"
    assert verdict_of(checker, PLAIN).verdict == "fail"
    assert verdict_of(checker, sign()).verdict == "pass"


@pytest.mark.parametrize("name", [f"_dmarc.{CUSTOMER}", KEY, CUSTOMER])
@pytest.mark.parametrize("way", ["broken", "silent"])
def test_what_dns_leaves_open_is_no_fault_of_the_sender(dns: DnsServer, name: str, way: str) -> None:
    """Policy, key or SPF record: the mail is `none`, never `fail`, and the reason names what was not to be had."""
    zone(dns, REJECT, "v=spf1 -all")
    getattr(dns, way).add(name)
    raw = sign() if name == KEY else PLAIN
    found = verdict_of(check(dns, seconds=0.5), raw, path=f"x@{CUSTOMER}")
    assert found.verdict == "none", found
    assert name in found.reason or "in time" in found.reason


def test_an_exact_signature_passes_without_the_policy(dns: DnsServer) -> None:
    """How strict the domain is cannot be known then, so a neighbour's signature does not."""
    zone(dns, REJECT)
    dns.broken.add(f"_dmarc.{CUSTOMER}")
    assert verdict_of(check(dns), sign()).verdict == "pass"
    assert verdict_of(check(dns), sign(domain=f"mail.{CUSTOMER}")).verdict == "none"


def test_the_time_for_one_mail_ends(dns: DnsServer) -> None:
    """However many questions are left."""
    clock = Clock()
    dns.add("a.test", "TXT", "one")
    questions = Questions(resolver(dns, clock), 5, clock)
    assert questions.text("a.test") == [b"one"]
    clock.now += 5
    with pytest.raises(Unanswered, match="in time"):
        questions.text("a.test")
