"""Is the mail signed by the domain of its From? (DKIM, RFC 6376)"""

import logging
from datetime import datetime

from gateway.sender.domains import aligned
from gateway.sender.finding import Finding
from gateway.sender.resolver import Questions, Unanswered
from gateway.sender.signature import MIN_KEY, Tags, domain_in, key_finder, require_whole, selector_in, tags_of
from gateway.sender.signed import Odd, Signed

MAX_TRIED = 5
_MAX_NAMED = 20
_QUIET = logging.Logger("dkimpy", logging.CRITICAL)  # else each bad signature of a stranger is an error


def signatures(mail: Signed, domain: str, questions: Questions, at: datetime, *, strict: bool) -> list[Finding]:
    """A finding for each signature, up to the first that proves the domain; the others are not worth the work."""
    findings: list[Finding] = []
    tried = 0
    for place, value in enumerate(mail.all(b"dkim-signature")[:_MAX_NAMED]):
        try:
            tags = tags_of(value)
        except Odd as error:
            findings.append(Finding(f"DKIM: not counted: {error}"))
            continue
        signer = domain_in(tags)
        if not aligned(signer, domain, strict=strict):
            findings.append(Finding(f"DKIM: signed by {signer or 'nobody'}, which does not speak for {domain}"))
            continue
        tried += 1
        if tried > MAX_TRIED:
            findings.append(Finding(f"DKIM: more than {MAX_TRIED} signatures of {domain}, the rest is not tried"))
            break
        findings.append(_one(mail, place, tags, questions, at))
        if findings[-1].passed:
            break
    return findings or [Finding("DKIM: not signed")]


def _one(mail: Signed, place: int, tags: Tags, questions: Questions, at: datetime) -> Finding:
    named = f"{domain_in(tags)} (selector {selector_in(tags) or 'unknown'})"
    try:
        require_whole(tags, mail, at)
        passed = _verify(mail, place, tags, questions)
    except Odd as error:
        return Finding(f"DKIM: not counted for {named}: {error}")
    except Unanswered as error:
        return Finding(f"DKIM: not known for {named}: {error}", unanswered=str(error))
    return Finding(f"DKIM: {'pass' if passed else 'fail'} for {named}", passed)


def _verify(mail: Signed, place: int, tags: Tags, questions: Questions) -> bool:
    """Raises Odd, and Unanswered."""
    import dkim

    verifier = dkim.DKIM(None, logger=_QUIET, minkey=MIN_KEY)
    verifier.headers, verifier.body = mail.headers, mail.body(tags.get(b"c", b""))
    try:
        return bool(verifier.verify(place, dnsfunc=key_finder(questions)))
    except dkim.KeyFormatError as error:
        raise Odd("its key is too short or cannot be read") from error
    except dkim.DKIMException as error:
        raise Odd(_reason(str(error))) from error


def _reason(text: str) -> str:
    """What dkimpy says, where that can be told to people."""
    if text.startswith("body hash mismatch"):
        return "the text was changed on the way"
    if text.startswith("x= value is past"):
        return "the signature has expired"
    return "the signature is not built as it must be"
