"""How fast letters go to a domain: turns given out in the database, and slower ones where its servers ask for that."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from gateway.relay import Deferred, Result
from store.tables import Outbox, Pace, core

_MS = timedelta(milliseconds=1)
_KNOWN_FOR = timedelta(seconds=10)  # so long this process goes by what it read of slow domains
_HOLDS = timedelta(minutes=1)  # so long a turn that has come may be used: after a stop not all go at once
_SLACK = timedelta(seconds=1)  # turns that are so near go along
_SLOW = text("pace.slow_ms > 0")  # word for word as in the partial index: SQLite uses it only then
_FIRST_SLOW = 2_000  # milliseconds between two letters once a server asked for less
_LONGEST_SLOW = 600_000
_SAME_BURST = timedelta(seconds=30)  # refusals so soon after one another are one
HORIZON = timedelta(minutes=15)  # no turn is given further ahead: by then the domain may well have healed
_HALVES = timedelta(minutes=10)  # after so long without a refusal a slow domain is twice as fast again
_LEAST_SLOW = 500  # less than that is no slowness any more
_CODE = re.compile(r"(?:^|: )4(?:21|50|51|52)[ -]")
# “Greylisted” speaks of one letter, and passes by waiting; it is not meant here.
_THROTTLED = re.compile(
    r"\btoo (?:many|much|fast|frequent)|\brate[ -]?limit|\brates?\b[^\n]{0,40}?\bexceed|\bexceed[^\n]{0,40}?\brates?\b|"
    r"\bthrottl|\bslow(?:ing)? down\b|\b(?:message|mail|sending|hourly|daily) (?:limit|quota)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PaceRules:
    """Letters a minute, by the domain of their recipients; 0 for the others means as fast as they go."""

    by_domain: Mapping[str, float] = field(default_factory=dict)  # lower case
    others: float = 0.0

    def between(self, domain: str) -> int:
        """Milliseconds between two letters to a domain; 0 for a domain without a pace."""
        per_minute = self.by_domain.get(domain, self.others)
        return round(60_000 / per_minute) if per_minute > 0 else 0


@dataclass(frozen=True, slots=True)
class SlowDomain:
    """A domain whose servers asked for fewer letters."""

    domain: str
    between: timedelta  # from one letter to the next, now
    since: datetime  # when they asked last
    reply: str


def domain_of(address: str) -> str:
    """The domain of a recipient, in lower case."""
    return address.rpartition("@")[2].lower()


def throttled(reply: str) -> bool:
    """True when a temporary refusal says that letters come too fast."""
    return _CODE.search(reply[:200]) is not None and _THROTTLED.search(reply[:600]) is not None


def slow_domains(session: Session, now: datetime) -> list[SlowDomain]:
    """Domains that get letters more slowly at this moment because their servers asked for it."""
    rows = session.scalars(select(Pace).where(_SLOW).order_by(Pace.domain))
    found = [(row, _slowness(row.slow_ms, row.slow_at, now)) for row in rows]
    return [
        SlowDomain(row.domain, timedelta(milliseconds=between), row.slow_at, row.reply)
        for row, between in found
        if between and row.slow_at
    ]


class Paces:
    """What one process knows of paces. A domain without one costs nothing but a look into a table in memory."""

    def __init__(self, rules: PaceRules) -> None:
        self._rules = rules
        self._slow: dict[str, int] = {}
        self._read_at: datetime | None = None

    def between(self, session: Session, rows: Iterable[Outbox], now: datetime) -> dict[str, int]:
        """The domains of these rows that have a pace, and the milliseconds between two letters to each."""
        if self._read_at is None or not timedelta() <= now - self._read_at < _KNOWN_FOR:
            self._slow = {one.domain: round(one.between / _MS) for one in slow_domains(session, now)}
            self._read_at = now
        if not (self._slow or self._rules.by_domain or self._rules.others):
            return {}
        domains = {domain_of(row.recipient) for row in rows}
        found = {domain: max(self._rules.between(domain), self._slow.get(domain, 0)) for domain in domains}
        return {domain: between for domain, between in found.items() if between}

    def take_note(self, session: Session, results: Iterable[tuple[str, Result]], now: datetime) -> None:
        """Slow down for the domains whose servers say that letters come too fast: recipients, and what came of each."""
        asked = {
            domain_of(recipient): result.reply
            for recipient, result in results
            if isinstance(result, Deferred) and not result.of_relay and throttled(result.reply)
        }
        if asked:
            slow_down(session, asked, now)
            self._read_at = None


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a row waits; `has_turn` is False for one that then asks anew: none is given so far ahead."""

    until: datetime
    has_turn: bool = True


def turns(session: Session, rows: Sequence[Outbox], between: Mapping[str, int], now: datetime) -> dict[int, Wait]:
    """When the rows of domains with a pace may go: a turn for each, that nobody else gets.

    Rows that may go now are not in it: they have their turn, of now or from before. The waits are to be written down
    in the same transaction: a turn that is taken and not noted is lost.
    """
    paced = [row for row in rows if domain_of(row.recipient) in between]
    # One that was claimed early, to go along with another one, keeps the turn that it has.
    found = {row.id: Wait(row.turn_at) for row in paced if row.turn_at and now + _SLACK < row.turn_at <= now + HORIZON}
    wanting = [row for row in paced if row.id not in found and not _has_turn(row, now)]
    if not wanting:
        return found
    next_ms = _free_from(session, sorted({domain_of(row.recipient) for row in wanting}), now)
    limit = now + HORIZON
    for row in wanting:
        domain = domain_of(row.recipient)
        at = datetime.fromtimestamp(next_ms[domain] / 1000, UTC)
        if at >= limit:
            found[row.id] = Wait(limit, has_turn=False)
            continue
        next_ms[domain] += between[domain]
        if at > now + _SLACK:
            found[row.id] = Wait(at)
    table = core(Pace)
    taken = update(table).where(table.c.domain == bindparam("of")).values(free_ms=bindparam("ms"))
    session.connection().execute(taken, [{"of": domain, "ms": ms} for domain, ms in sorted(next_ms.items())])
    return found


def _free_from(session: Session, domains: Sequence[str], now: datetime) -> dict[str, int]:
    """The first turn that is free at each of these domains, which no other process gets before our transaction ends.

    It lies between now and the horizon, whatever a clock that was wrong for a moment has left there. The domains are
    in the order of their names, so that no two processes wait for one another in a circle.
    """
    now_ms, limit_ms = _to_ms(now), _to_ms(now + HORIZON)
    own = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    table = core(Pace)
    insert = own(table).values([{"domain": name, "free_ms": now_ms, "slow_ms": 0, "reply": ""} for name in domains])
    # The row as it is, locked.
    same = insert.on_conflict_do_update(index_elements=["domain"], set_={"free_ms": table.c.free_ms})
    found = session.execute(same.returning(table.c.domain, table.c.free_ms))
    return {row.domain: min(max(row.free_ms, now_ms), limit_ms) for row in found}


def slow_down(session: Session, asked: Mapping[str, str], now: datetime) -> None:
    """Twice the time between two letters to each of these domains, whose servers said so in these words."""
    known = {row.domain: row for row in session.scalars(select(Pace).where(Pace.domain.in_(asked)))}
    rows: list[dict[str, Any]] = []
    for domain, reply in sorted(asked.items()):
        before = known.get(domain)
        if before and before.slow_at and timedelta() <= now - before.slow_at < _SAME_BURST:
            continue
        doubled = 2 * _slowness(before.slow_ms, before.slow_at, now) if before else 0
        slow = min(_LONGEST_SLOW, max(_FIRST_SLOW, doubled))
        rows.append({"domain": domain, "free_ms": _to_ms(now), "slow_ms": slow, "slow_at": now, "reply": reply[:500]})
    if rows:
        own = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        insert = own(core(Pace)).values(rows)
        new = {name: insert.excluded[name] for name in ("slow_ms", "slow_at", "reply")}
        session.execute(insert.on_conflict_do_update(index_elements=["domain"], set_=new))


def _has_turn(row: Outbox, now: datetime) -> bool:
    return row.turn_at is not None and timedelta() <= now - row.turn_at + _SLACK <= _HOLDS


def _slowness(slow_ms: int, slow_at: datetime | None, now: datetime) -> int:
    """Milliseconds between two letters, as the time has healed it."""
    if not slow_ms or slow_at is None:
        return 0
    left = slow_ms >> max(0, min(30, int((now - slow_at) / _HALVES)))
    return left if left >= _LEAST_SLOW else 0


def _to_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
