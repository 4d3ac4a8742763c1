"""Delivery reports in prose: the addresses that failed, found by how servers write them."""

import re
from collections.abc import Iterable, Iterator

from gateway import addresses
from gateway.bounce.status import report
from gateway.envelope import Report
from gateway.headers import Headers
from gateway.screen.delivery_words import RETURNED

MAX = 200
_MAX_TEXT = 64 * 1024

_ADDRESS = (
    r"[A-Za-z0-9_#$%&+=?^~!-][A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{0,63}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
)
_END = r"(?![A-Za-z0-9_-]|\.[A-Za-z0-9])"  # no letter of any script: Japanese follows without a blank
_OPEN = r"[<'\"(\[{*»«„“”]{0,2}"
_CLOSE = r"[>'\")\]}*«»“”]{0,2}"
# The forms of an address that failed, from the surest to a guess; a report keeps to one of them.
_FORMS = (
    # <bob@x.test>: 550 …
    re.compile(rf"[<\[(\"' \t]({_ADDRESS})[>\])\"']*[ \t]*:?\s{{1,3}}[\[(]?[45]\d\d[ -]"),
    # <bob@x.test>: host … said, alone on its line or with words behind it
    re.compile(rf"^[ \t>]*<({_ADDRESS})>\s*(?:\([^)\n]{{0,100}}\))?\s*[:.,;]?", re.MULTILINE),
    re.compile(rf"^[ \t>*-]*{_OPEN}({_ADDRESS}){_CLOSE}[ \t]+<\1>", re.MULTILINE),
    re.compile(rf"^[ \t>*-]*(?:smtp;|rfc822;)?[ \t]?{_OPEN}({_ADDRESS}){_CLOSE}[ \t]*[:;,]?[ \t]*$", re.MULTILINE),
    re.compile(
        rf"^[ \t>*-]*{_OPEN}({_ADDRESS}){_END}{_CLOSE}[ \t]*(?:[(:\[-]|\.\.\.|[a-z]+[ ]|[^\x00-\x7f])",
        re.IGNORECASE | re.MULTILINE,
    ),
    # delivered to bob@x.test, Recipient: bob@x.test
    re.compile(
        rf"(?:\b(?:recipients?|user(?:id)?|address(?:ed to)?|mailbox|account|to|deliver(?:ing|ed|y)?|"
        rf"empf[^\s]{{2,10}}|an|destinataires?|à|a|destinatari[oa]s?|para|aan|geadresseerden?|ontvangers?|til|till|"
        rf"mottagare|modtagere?|odbiorc\w{{1,3}}|do|для|на|адрес\w{{0,3}}|получател\w{{1,3}}|adres\w{{0,4}}|alıcı)|"
        rf"受信者|宛先|收件人|收件者|받는 사람)(?:\s{{0,3}}[:：=]\s{{0,4}}|\s{{1,4}})"
        rf"{_OPEN}({_ADDRESS}){_END}(?![ \t]?<)",  # before "<" it is a name
        re.IGNORECASE,
    ),
    # Unknown user: bob@x.test
    re.compile(rf"^[^\n@:]{{3,80}}:[ \t]*{_OPEN}({_ADDRESS}){_CLOSE}[.,;]?[ \t]*$", re.MULTILINE),
    re.compile(rf"\brcpt to[ \t]?:[ \t]?<({_ADDRESS})>", re.IGNORECASE),
    re.compile(rf"[<'\"(\[]({_ADDRESS})[>'\")\]]"),
    re.compile(rf"(?<![A-Za-z0-9._%+=@/-])({_ADDRESS}){_END}"),
)
_SURE_FORMS = 5  # in these even postmaster@ and support@ are recipients
# Sendmail's alias above the address that failed: the one that the mail was sent to, and known by.
_EXPANDED = re.compile(rf"^[ \t]*\(expanded from:? <?({_ADDRESS})>?\)", re.MULTILINE)
_ROLES = re.compile(
    r"(?:postmaster|mailer-daemon|abuse|support|helpdesk|help|noreply|no-reply|admin|webmaster)@", re.IGNORECASE
)
# Lines that name somebody else: the sender, an id, whom to ask.
_OTHERS = re.compile(
    r"^[> \t|]*(?:(?:message|content|resent-message|msg)-?id|in-reply-to|references|received|from|sender|reply-to|"
    r"return-path|errors-to|envelope-(?:from|sender)|(?:>{3}[ \t]*)?mail from|originator|von|de|da|van|från|fra|"
    r"absender|expéditeur|remitente|mittente|afzender|差出人|发件人|寄件者|system contact|x-[a-z-]{1,40})[ \t]{0,3}"
    r"(?:[:：]|<)[^\n]{0,500}"
    r"|\b(?:contact|write to|e-?mail|send (?:an? )?(?:e-?mail|mail|message) to|forward(?:ed)? (?:this )?(?:e-?mail |"
    rf"message )?to|report (?:it |this )?to|mailto:|message from|sent from|sent by|(?<!expanded )from)"
    rf"[ \t:]{{1,3}}{_OPEN}{_ADDRESS}",
    re.IGNORECASE | re.MULTILINE,
)


def from_field(headers: Headers, text: str) -> Iterator[Report]:
    """Exim's X-Failed-Recipients, which others have taken over."""
    for value in headers.all("x-failed-recipients")[:20]:
        for address in re.findall(_ADDRESS, value[:8000])[:MAX]:
            if fine := addresses.one(address):
                yield report(fine, text)


def from_text(text: str, headers: Headers) -> list[Report]:
    """The first form of address that yields anything, above the returned mail."""
    own = _own(headers)
    text = text[:_MAX_TEXT]
    stop = RETURNED.search(text, min(len(text), 40))
    for area in (text[: stop.start()] if stop else text, text[:4000]):
        area = _OTHERS.sub("", area)
        for number, form in enumerate(_FORMS):
            seen = dict.fromkeys(m for m in form.findall(area)[:MAX] if m.lower() not in own)
            for roles in (False, True) if number < _SURE_FORMS else (False,):
                chosen = _fine(m for m in seen if roles or not _ROLES.match(m))
                if chosen:
                    return _reports([*chosen, *_fine(_EXPANDED.findall(area)[:MAX])], area)
    return []


def _own(headers: Headers) -> set[str]:
    """Addresses of this mail itself: the server's, and ours."""
    named = " ".join(headers.raw(name) for name in ("from", "to", "reply-to", "sender", "delivered-to"))
    return set(re.findall(_ADDRESS, named[:4000].lower()))


def _fine(found: Iterable[str]) -> list[str]:
    return [fine for name in found if (fine := addresses.one(name.rstrip(".").strip("'")))]


def _reports(found: list[str], area: str) -> list[Report]:
    """One report each; the words that belong to one address end where the next one stands."""
    unique = list(dict.fromkeys(found))
    low = area.lower()
    places = sorted(place for address in unique if (place := low.find(address.lower())) >= 0)
    answer = []
    for address in unique:
        place = low.find(address.lower())
        later = [other for other in places if other > place]
        answer.append(report(address, area, later[0] if later else None if len(unique) == 1 else len(area)))
    return answer
