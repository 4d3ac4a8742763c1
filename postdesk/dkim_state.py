"""What is known of the DKIM keys together: what DNS says of each, and which domains of the desk lack one."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gateway import dkim_record
from gateway.dkim_keys import SigningKey
from gateway.dkim_record import Published
from gateway.sender.domains import domain_of
from gateway.sender.resolver import Questions
from postdesk.check_words import Note
from postdesk.settings import SettingsError
from postdesk.verifying import resolver

if TYPE_CHECKING:
    from postdesk.wiring import House

_SPARE_DAYS = 2  # a server that took a letter on the last day may look at its signature a while later


def ask(house: "House", keys: Iterable[SigningKey]) -> list[tuple[SigningKey, Published]]:
    """Each key with what DNS says of it now."""
    sender = house.settings.sender
    asker = resolver(sender)
    return [(key, dkim_record.look_up(key, Questions(asker, sender.dns_seconds))) for key in keys]


def domains(house: "House") -> list[str]:
    """The domains that letters come from."""
    return list(dict.fromkeys(domain_of(one.address) for one in house.settings.desk.addresses))


def leaves_dns(key: SigningKey, give_up_days: float, now: datetime) -> datetime | None:
    """From when on the record of a key may leave DNS: until then letters are under way that it signed.

    None for a key that never signed.
    """
    ended = now if key.state == "active" else key.ended_at
    return ended + timedelta(days=give_up_days + _SPARE_DAYS) if ended else None


def check(house: "House") -> str:
    """For `postdesk check`: a line about the signatures. SettingsError names each fault."""
    keys, faults = house.signing_keys.read()
    active = [key for key in keys if key.state == "active"]
    unknown = []
    for key, found in ask(house, active):
        if found.verdict == "unknown":
            unknown.append(f"{key.name}: {found.words}")
        elif found.verdict != "ok":
            faults.append(f"{key.name} signs letters and cannot be verified: {found.words}. See: postdesk dkim show")
    if faults:
        raise SettingsError(faults)
    signed = {key.domain for key in active}
    ours = domains(house)
    words = [f"letters from {domain} are signed" for domain in ours if domain in signed]
    words += [f"letters from {domain} are not signed (docs/dkim.md)" for domain in ours if domain not in signed]
    words += [f"whether DNS has {one}" for one in unknown]
    said = "; ".join(words) or "the desk has no address yet"
    return said if ours and signed.issuperset(ours) else Note(said)


def now() -> datetime:
    """The time, to the second: that is how files keep it."""
    return datetime.now(UTC).replace(microsecond=0)
