"""How long and how often delivery tries, and which failures mute an address."""

import random
import re
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.delivery_pace import PaceRules

_BACK_OFF = (60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0)
_LONGEST = 4 * 3_600.0
_CODE = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
# Codes (RFC 3463, RFC 7505) of an address where nobody is: unknown mailbox, host or form of address, a mailbox that has
# moved or takes no mail at all, a domain without mail. 5.1.7 and 5.1.8 speak of the sender; 5.2.2 is a full mailbox,
# 5.3 the other system, 5.4 the way there, 5.7 what somebody allows: all of that may pass.
_NOBODY = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_VAGUE = frozenset({"", "5.0.0", "5.1.0", "5.2.0"})  # these say no more than that it failed: the words must tell
_WHO = r"(?:user|recipient|mailbox|address|account|person|local part|e-?mail account)"
_GONE = re.compile(
    rf"\bno such (?:\w{{1,12}} )?{_WHO}\b|\bunknown (?:\w{{1,12}} )?{_WHO}\b|"
    rf"\b{_WHO} (?:\S{{1,100}} |(?:that )?you tried to reach )?(?:has been |is |was |does |could )?"
    r"(?:unknown|not (?:be )?found|not known|not exist|doesn't exist|"
    r"disabled|deactivated|no longer (?:active|valid|in use|exists?))\b|"
    rf"\bthere is no {_WHO}|\bno {_WHO} here by that name|\bnot a valid {_WHO}\b|"
    r"\bempfänger (?:ist )?unbekannt|\bunbekannter empfänger|\butilisateur inconnu|\bdestinataire inconnu|"
    r"\busuario desconocido|\bdestinatari[oa] desconocid[oa]|\butente sconosciuto",
    re.IGNORECASE,
)
# The sender looked for and not found (a call-out to our own address), or a mailbox that is only full.
_OTHERWISE = re.compile(r"\bsender\b|\breturn path\b|\bmail from\b|\bquota\b|\bfull\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """The figures of [delivery], and some that nobody needed to set yet."""

    give_up: timedelta = timedelta(days=5)
    fold_seconds: float = 60.0  # how long whoever queues a mere change lets it wait for company
    batch: int = 128
    least: int = 1  # letters that must be due before it takes any; one that only helps out waits for a whole batch
    connections: int = 4
    lease: timedelta = timedelta(minutes=15)  # longer than a relay may take for a batch
    max_render_tries: int = 3
    stop_seconds: float = 20.0  # letters on their way have so long at the end; less than whoever stops us waits
    paces: PaceRules = field(default_factory=PaceRules)  # letters a minute to a domain


def back_off(attempts: int) -> timedelta:
    """The wait after so many attempts: 1, 5, 15, 30, 60 minutes, 2 hours, then 4 hours; a tenth more or less.

    The jitter keeps a thousand letters that failed together from coming back together.
    """
    seconds = _BACK_OFF[attempts - 1] if 1 <= attempts <= len(_BACK_OFF) else _LONGEST
    return timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311 - spreads load, guards nothing


def mutes(reply: str) -> bool:
    """True when a refusal in the dialogue with a server says that nobody is at the address, for good."""
    return reply.startswith("5") and nobody_there("", reply)


def nobody_there(status: str, words: str) -> bool:
    """True when a permanent failure says that nobody is at the address: by its code, or by plain words without one.

    `status` is the enhanced status code, or ""; a code among the server's words must then not say otherwise.
    """
    words = words[:2000]
    code = _CODE.search(words)
    codes = {status, code.group() if code else ""} - _VAGUE
    if codes:
        return codes <= _NOBODY
    return _GONE.search(words) is not None and _OTHERWISE.search(words) is None
