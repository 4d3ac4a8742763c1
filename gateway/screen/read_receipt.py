"""A read receipt (message disposition notification, RFC 8098)."""

import re

from gateway.screen.view import View

# What Outlook and Domino put before the subject; it is one only with their sentence in the text as well.
_SUBJECT = re.compile(
    r"\s*(?:read|not read|return receipt(?: \(displayed\))?|gelesen|ungelesen|nicht gelesen|empfangsbestätigung|"
    r"lesebestätigung|lu|non lu|accusé de réception(?: \(affiché\))?|leído|no leído|letto|non letto|"
    r"conferma di lettura|gelezen|niet gelezen|lest|ikke lest|læst|ikke læst|läst|ej läst|luettu|lida?|lido|não lida?|"
    r"przeczytano|přečteno|прочитано|прочтено|okundu|開封済み|開封確認|已读|已讀)\s?[:：(]",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"(?:\bwas (?:read|displayed|deleted without being read) on\b|\bwas deleted without being read|"
    r"this is a (?:return|read) receipt|return receipt for the mail|only acknowledges that the message was displayed|"
    r"wurde am .{4,80} (?:gelesen|angezeigt)|ungelesen gelöscht|a été lu le\b|a été affiché|fue leído el\b|"
    r"è stat[oa] lett[oa]|is gelezen op|ble lest|blev læst|lästes den|on luettu|foi lid[ao] em|została przeczytana|"
    r"byla přečtena|было прочитано|прочитано|okundu|開封され|表示され|已于.{0,60}阅读|已於.{0,60}讀取|的阅读回执)",
    re.IGNORECASE,
)


def applies(mail: View) -> bool:
    """By its type; Exchange also says so in a header field, and others in a set sentence under a set subject."""
    if mail.report_type == "disposition-notification":
        return True
    if mail.type.subtype == "report" and "message/disposition-notification" in mail.part_types:
        return True
    if mail.headers.raw("x-ms-exchange-generated-message-source").lower().startswith("readreceipt"):
        return True
    return _SUBJECT.match(mail.subject) is not None and _SENTENCE.search(mail.text[:1000]) is not None
