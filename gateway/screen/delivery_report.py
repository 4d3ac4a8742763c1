"""A delivery report: a mail of ours did not arrive, or is late (RFC 3464, and what mail servers wrote before it)."""

import re

from gateway.screen import auto_reply
from gateway.screen import delivery_words as words
from gateway.screen.view import View

_STATUS_PARTS = {"message/delivery-status", "message/global-delivery-status", "message/x-delivery-status"}
_RETURNED = {"message/rfc822", "text/rfc822-headers", "text/rfc822-header", "message/global", "message/global-headers"}
_SES = re.compile(r'(?:notification|event)Type\\?"\s?:\s?\\?"Bounce\\?"')  # its JSON may stand in a JSON string
_ROBOT = re.compile(r"no-?reply\Z|aws\Z|sns\Z")
_LIST_OWNER = re.compile(r".{1,60}[-+._](?:admin|owner|request|bounces?|help|ctl|errors)\Z")
_ENHANCED = re.compile(r"(?<![\d.])[45]\.\d\.\d{1,3}(?![\d.])")
_OPENING = 700  # characters: a server comes to the point at once


def applies(mail: View) -> bool:
    """By type, by Exim's X-Failed-Recipients, by a daemon's name, or by several weaker signs together."""
    if mail.report_type == "delivery-status" or "x-failed-recipients" in mail.headers:
        return True
    if mail.part_types & _STATUS_PARTS:
        # A person can attach such a part, but not in a multipart/report, and not without a name in From.
        if mail.type.subtype == "report" or mail.null_sender or _nobody(mail):
            return True
        if _speaks_as_server(mail) and _told(mail.text):
            return True
        return words.SURE_DAEMONS.match(mail.local_part) is not None or (_is_daemon(mail) and not mail.answered)
    if (not mail.sender and not mail.null_sender and not _nobody(mail)) or auto_reply.is_formula(mail.subject):
        return False
    if mail.headers.token("auto-submitted") == "auto-forwarded":
        return False
    if _ROBOT.match(mail.local_part) and _SES.search(mail.text) is not None:
        return True  # Amazon SES through its notification service
    if words.SURE_DAEMONS.match(mail.local_part):
        return mail.null_sender or words.SUBJECT.search(mail.subject) is not None or _told(mail.text)
    if _is_daemon(mail) or mail.null_sender or _nobody(mail):
        return _from_a_machine(mail)
    return _under_its_own_name(mail) or _refused_by_a_list(mail)


def certain(mail: View) -> bool:
    """True for a delivery report in form, or by a sender that is no person: words alone may be somebody's question."""
    if mail.report_type == "delivery-status" or "x-failed-recipients" in mail.headers:
        return True
    if mail.null_sender or words.SURE_DAEMONS.match(mail.local_part) is not None:
        return True
    return _ROBOT.match(mail.local_part) is not None and _SES.search(mail.text) is not None


def _nobody(mail: View) -> bool:
    """`From: <>`: there is a From, and it is empty."""
    return mail.headers.raw("from").strip() in ("<>", '""', '"" <>')  # McAfee, SurfControl


def _is_daemon(mail: View) -> bool:
    return words.DAEMONS.match(mail.local_part) is not None or words.NAMES.match(mail.sender_name) is not None


def _from_a_machine(mail: View) -> bool:
    """The sender may be a mail server: its words have to be about mail as well."""
    if not mail.null_sender and (mail.answered or _says_what_people_say(mail)):
        return False
    if mail.part_types.isdisjoint(_RETURNED) and _about_a_parcel(mail):
        return False
    text, named = mail.text, words.SUBJECT.search(mail.subject) is not None
    if not named and not (_is_daemon(mail) and mail.null_sender):
        # Administrators write as root@ or postmaster@, too, and attach mails.
        return not mail.part_types.isdisjoint(_RETURNED) and _told(text, words.SENTENCE, words.CODE)
    if not _told(text) and words.STRONG_SUBJECT.match(mail.subject) is None:
        return False
    if not mail.part_types.isdisjoint(_RETURNED) or words.CODE.search(text) is not None:
        return True
    strong = words.STRONG_SUBJECT.match(mail.subject) is not None
    daemon = _is_daemon(mail) or _nobody(mail)
    return (strong and daemon) or ((strong or daemon) and words.ADDRESS.search(text) is not None)


def _under_its_own_name(mail: View) -> bool:
    """A gateway that reports as itself: only in words that people do not write, and with something to show for it."""
    if not _speaks_as_server(mail) or _about_a_parcel(mail) or words.ADDRESS.search(mail.text[:1500]) is None:
        return False
    if words.SENTENCE.search(mail.text[:_OPENING]) is None and words.CODE.search(mail.text[:_OPENING]) is None:
        return False
    return words.STRONG_SUBJECT.match(mail.subject) is not None or (
        words.CODE.search(mail.text[:2500]) is not None and mail.by_machine
    )


def _speaks_as_server(mail: View) -> bool:
    """A subject about delivery that answers nothing, and no word above the returned mail that a person would say."""
    return not mail.answered and words.SUBJECT.search(mail.subject) is not None and not _says_what_people_say(mail)


def _says_what_people_say(mail: View) -> bool:
    below = words.RETURNED.search(mail.text, min(len(mail.text), 40))
    return words.PERSON.search(mail.text[: below.start() if below else 1500]) is not None


def _about_a_parcel(mail: View) -> bool:
    """ "Delivery failed" and "could not be delivered" are said of parcels, too; only mail has a status code."""
    told = mail.subject + "\n" + mail.text[:_OPENING]
    return words.PARCEL.search(told) is not None and _ENHANCED.search(told) is None


def _refused_by_a_list(mail: View) -> bool:
    """The software of a mailing list, under the name of the list's owner, to somebody who may not write there."""
    if _LIST_OWNER.match(mail.local_part) is None or mail.answered:
        return False
    return words.LIST_REFUSES.search(mail.text[:_OPENING]) is not None


def _told(text: str, *signs: re.Pattern[str]) -> bool:
    return any(found.search(text) is not None for found in signs or (words.SENTENCE, words.WORD, words.CODE))
