"""What a forwarder that is believed found out before it passed the mail on (ARC, RFC 8617)."""

import logging
import re
from collections.abc import Collection
from datetime import datetime

from gateway.sender import results
from gateway.sender.resolver import Questions, Unanswered
from gateway.sender.signature import MIN_KEY, Tags, domain_in, key_finder, require_whole, tags_of
from gateway.sender.signed import Odd, Signed
from gateway.sender.verdict import Verified

MAX_SETS = 10  # of one mail; RFC 8617 section 4.2.1 allows 50, no mail needs them
_QUIET = logging.Logger("dkimpy", logging.CRITICAL)  # else each bad signature of a stranger is an error
_SEAL, _SIGNATURE, _RESULTS = b"arc-seal", b"arc-message-signature", b"arc-authentication-results"
# At the very beginning: dkimpy takes the first "i=1" that it finds anywhere in the field for the number.
_NUMBER = re.compile(rb"\s{0,20}i\s{0,20}=\s{0,20}([0-9]{1,2})\s{0,20};")


def verify(raw: bytes, domain: str, sealers: Collection[str], questions: Questions, at: datetime) -> Verified | None:
    """The verdict by the newest seal; None when the mail has none. `none` for what cannot be believed."""
    if b"arc-seal" not in raw[: raw.find(b"\n\r\n") + 1 or raw.find(b"\n\n") + 1 or len(raw)].lower():
        return None
    try:
        sealer, found = _newest(Signed(raw), sealers, questions, at)
    except Odd as error:
        return Verified("none", "", (f"ARC: not believed: {error}",))
    except Unanswered as error:
        return Verified("none", "", (f"ARC: not known: {error}",))
    verdict = results.judge(found, domain)
    checks = (f"ARC: sealed by {sealer}, whose results are believed", *verdict.checks)
    reason = f"{sealer} passed it on and says: {verdict.reason}" if verdict.verdict == "pass" else verdict.reason
    return Verified(verdict.verdict, reason, checks)


def _newest(mail: Signed, sealers: Collection[str], questions: Questions, at: datetime) -> tuple[str, str]:
    """The newest sealer and its results. Raises Odd unless the chain holds, and Unanswered."""
    import dkim

    sets = {name: _numbered(mail, name) for name in (_SEAL, _SIGNATURE, _RESULTS)}
    newest = len(sets[_SEAL])
    if not newest or newest > MAX_SETS or any(set(found) != set(range(1, newest + 1)) for found in sets.values()):
        raise Odd("the chain of seals is not whole")
    seal, signature = tags_of(sets[_SEAL][newest]), _signature_of(sets[_SIGNATURE][newest])
    sealer = domain_in(seal)
    if {sealer, domain_in(signature)} - set(sealers):
        raise Odd(f"{sealer or 'nobody'} is not among the sealers that are believed")
    require_whole(signature, mail, at)
    verifier = dkim.ARC(None, logger=_QUIET, minkey=MIN_KEY)
    verifier.headers, verifier.body = mail.headers, mail.body(signature[b"c"])
    try:
        result, _, _ = verifier.verify(dnsfunc=key_finder(questions))
    except dkim.DKIMException as error:
        raise Odd("a seal is not built as it must be") from error
    if result != dkim.CV_Pass:
        raise Odd("the chain of seals does not hold")
    value = sets[_RESULTS][newest]
    return sealer, value[value.index(b";") + 1 :].decode("utf-8", "replace").replace("\r\n", "").strip()


def _numbered(mail: Signed, name: bytes) -> dict[int, bytes]:
    """The fields of that name by their number. Raises Odd for one without, and for two with the same."""
    values = mail.all(name)
    found: dict[int, bytes] = {}
    for value in values[: MAX_SETS + 1]:
        number = _NUMBER.match(value)
        tags_of(value) if name != _RESULTS else None
        if number is None or int(number[1]) in found:
            raise Odd("the chain of seals is not whole")
        found[int(number[1])] = value
    return found


def _signature_of(value: bytes) -> Tags:
    """With the canonicalization that holds when none is named (RFC 8617 section 4.1.2)."""
    return {b"c": b"relaxed/relaxed", **tags_of(value)}
