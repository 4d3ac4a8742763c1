"""A delivery report: a mail of ours did not arrive, or is late (RFC 3464, and what mail servers wrote before it)."""

import re

from gateway.screen.view import View

_DAEMONS = re.compile(
    r"(?:mailer[-_. ]?daemon|mail[-_.]?daemon|postmaster|mailerdaemon|mdaemon|maildelivery|mail-delivery|"
    r"maildeliverysystem|"
    r"mail\.delivery\.(?:system|subsystem)|ndr|bounces?|bounce[-+=].*|microsoftexchange[0-9a-f]{20,}|"
    r"e?mailadmin|root|daemon|mta|mailsystem|mail-system|amavis.*|uucp|smtpmail)\Z"
)
_SURE_DAEMONS = re.compile(
    r"(?:mailer[-_. ]?daemon|mail[-_.]?daemon|mailerdaemon|microsoftexchange[0-9a-f]{20,}|maildelivery|mmdf|"
    r"mail\.delivery\.(?:system|subsystem))\Z"
)
_SUBJECT = re.compile(
    r"(?:undeliver(?:able|ed)|undelivrable|unzustellbar|non remis|nicht zugestellt|(?:mail|message|"
    r"e-?mail|delivery|letter) (?:delivery )?"
    r"(?:fail(?:ed|ure|s)?|failure notice|error|problem|returned|rejected|refused|bounced|warning|"
    r"not delivered|undeliverable)|"
    r"deliver(?:y|ing|ed)?[ _](?:status )?(?:notification|failure|failed|report|reports|error|problem|"
    r"status|delayed|issue|subsystem|impossible|unsuccessful)|"
    r"failure notice|failure delivery|failed (?:mail|delivery|message)|returned (?:mail|to sender|message|"
    r"e-?mail)|return(?:ed)? receipt.*fail|"
    r"non[- ]?deliver(?:y|able)|nondeliverable|could not (?:be delivered|send)|not be delivered|"
    r"cannot (?:be delivered|send)|unable to deliver|"
    r"mail system error|mail could not|mailbox (?:full|unavailable|is full)|(?:user|recipient|address|"
    r"host) (?:unknown|not found)|unknown (?:user|recipient|address)|"
    r"dsn:|\bndr\b|\bbounce|rejected (?:posting|mail|message)|message status|warning: (?:could not|message)|"
    r"error sending|your message (?:could|has not|was not)|considered unsolicited|delayed mail|"
    r"mail not delivered|message delayed|quota exceeded|"
    r"permanent(?: fatal)? (?:error|failure)|temporary (?:error|failure)|mensaje no|no se puede entregar|"
    r"no entregad|devuelto|"
    r"mancata consegna|non recapitabile|mail returned|echec|échec|avis de non|remise (?:impossible|"
    r"retardée)|onbestelbaar|"
    r"не ?доставлен|недоставлен|配信|送信(?:でき|エラー|失敗)|不能|退信|退回|无法投递|系统退信|"
    r"olevererbar|kunne ikke leveres|ei voitu toimittaa|nedoruč|niedostarcz)",
    re.IGNORECASE,
)
_TEXT = re.compile(
    r"(?:could not be delivered|was not delivered|not be delivered|delivery (?:to the following|"
    r"has failed|failed|attempt)|undeliverable|undelivered|"
    r"permanent (?:fatal )?error|following address(?:es)? (?:had|failed)|failed (?:permanently|"
    r"recipients?)|unable to deliver|couldn't be delivered|"
    r"returned (?:to sender|message|mail)|user unknown|unknown user|mailbox (?:is )?full|quota exceeded|"
    r"does not exist|no such user|"
    r"\b5\d\d[ -]#?[45]\.\d\.\d|\b55\d[ -]|status: [45]\.\d|recipient(?:'s)? (?:address )?(?:rejected|"
    r"unknown|not)|did not reach the following|"
    r"transcript of session|did not arrive|has not been delivered|i(?:'m|"
    r" am) sorry to (?:have to )?inform you|not reached|rejected|"
    r"konnte nicht zugestellt|n'a pas pu être|no se (?:ha podido|pudo)|non è stato possibile|"
    r"undelivered mail|delivery error|"
    r"配信(?:でき|され)|送信でき|届けることができ|не ?доставлен|无法|hop count exceeded|delivery problems|"
    r"trouble delivering|"
    r"attempting to deliver|full mailbox|over ?quota|invalid (?:final|recipient|address|user)|"
    r"envelope expired|error delivering)",
    re.IGNORECASE,
)


_STRONG_SUBJECT = re.compile(
    r"(?:undeliverable|undelivered mail|mail delivery fail|delivery status notification|delivery failure|"
    r"returned mail|failure notice|"
    r"non remis|unzustellbar|mail could not be delivered|could not send message|non[- ]delivery|"
    r"delivery (?:has )?failed)",
    re.IGNORECASE,
)
_EVIDENCE = re.compile(r"\S@\S|\b[45]\d\d[ -]")  # an address or a server's reply: parcels are delivered without
_SES = re.compile(r'(?:notification|event)Type\\?"\s?:\s?\\?"Bounce\\?"')  # its JSON may stand in a JSON string
# A desk is asked about mail that did not arrive, under just such a subject.
_PERSON = re.compile(
    r"\?(?:\s|\Z)|^(?:hi|hello|hallo|dear|good (?:morning|afternoon)|guten|bonjour|hola|ciao|hej|olá)\b"
    r"|\b(?:i|we) (?:get|got|tried|try|sent|send|wrote|write|cannot|can't|receive|received|have|had|want|need)\b"
    r"|\b(?:please (?:help|check|look|advise|fix)|regards|thanks|thank you|ich|wir|grüße|merci|gracias|grazie)\b",
    re.IGNORECASE | re.MULTILINE,
)
_ANSWERED = re.compile(r"\s*(?:re|aw|sv|fwd?|wg|tr|rv|vs)\s?:", re.IGNORECASE)


def applies(mail: View) -> bool:
    """By type, by Exim's X-Failed-Recipients, by a daemon's name, or by several weaker signs together."""
    if mail.type.params.get("report-type", "").lower() == "delivery-status" or "x-failed-recipients" in mail.headers:
        return True
    if mail.part_types & {"message/delivery-status", "message/global-delivery-status", "message/x-delivery-status"}:
        return mail.type.maintype == "multipart" or mail.null_sender
    if (not mail.sender and not mail.null_sender) or mail.headers.token("auto-submitted") == "auto-forwarded":
        return False
    if mail.local_part == "no-reply" and _SES.search(mail.text) is not None:
        return True  # Amazon SES through its notification service
    if _SURE_DAEMONS.match(mail.local_part):
        return _SUBJECT.search(mail.subject) is not None or _told(mail.text)
    daemon = _DAEMONS.match(mail.local_part) is not None
    returned = "message/rfc822" in mail.part_types
    if daemon or mail.null_sender:
        likely = returned or (daemon and mail.null_sender) or _SUBJECT.search(mail.subject) is not None
        return likely and _told(mail.text)
    # A gateway that reports under its own name: only in words that people do not write.
    return (
        _STRONG_SUBJECT.search(mail.subject) is not None
        and not _ANSWERED.match(mail.subject)
        and _told(mail.text[:600])
        and _EVIDENCE.search(mail.text[:1000]) is not None
        and _PERSON.search(mail.text[:1000]) is None
    )


def certain(mail: View) -> bool:
    """True for a delivery report in form, or by a sender that is no person: words alone may be somebody's question."""
    if mail.type.params.get("report-type", "").lower() == "delivery-status" or "x-failed-recipients" in mail.headers:
        return True
    return mail.null_sender or _SURE_DAEMONS.match(mail.local_part) is not None


def _told(text: str) -> bool:
    return _TEXT.search(text) is not None
