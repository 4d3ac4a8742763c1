"""One word as the whole answer, with greeting, thanks and closing around it."""

import pytest

from gateway.commands.plain import OneWord, core_of, one_word
from gateway.commands.words import Words

NAMES = ("Sam Lee",)


@pytest.mark.parametrize(
    "text, core",
    [
        ("The fax is dead", "The fax is dead"),
        ("Hi Sam,\n\nthe fax is dead.\n\nBest regards\nAnn", "the fax is dead."),
        ("Hi Sam, the fax is dead.\nRegards, Ann", "the fax is dead."),
        ("Dear Dr. Lee,\nthe fax is dead.\nYours sincerely,\nAnn Example\nHead of Fax", "the fax is dead."),
        ("Hallo zusammen,\n\ndas Fax ist tot.\n\nViele Grüße, Ann", "das Fax ist tot."),
        ("Sehr geehrte Damen und Herren,\n\ndas Fax ist tot.\n\nMfG\nErika Muster", "das Fax ist tot."),
        ("Bonjour à tous,\nle fax est en panne.\nCordialement\nLuc", "le fax est en panne."),
        ("Buenos días:\nel fax no va.\nUn saludo,\nAna", "el fax no va."),
        ("Sam,\nthe fax is dead.\nThanks", "the fax is dead."),
        ("Jane,\nthe fax is dead.", "the fax is dead."),
        ("Thanks. The fax is dead.", "The fax is dead."),
        ("The fax is dead.\n\nSent from my iPhone", "The fax is dead."),
        ("Thanks", ""),
        ("Hi Sam,\nthanks\nAnn", ""),
        ("Hello printer broken", "Hello printer broken"),
        ("Hello printer broken, send help", "Hello printer broken, send help"),
        ("Best would be tomorrow", "Best would be tomorrow"),
        ("Regards the fax: it is dead", "Regards the fax: it is dead"),
        ("The fax is dead.\nRegards\nbut the phone works", "The fax is dead.\nRegards\nbut the phone works"),
        ("Morgen bin ich da", "Morgen bin ich da"),
    ],
)
def test_core(words: Words, text: str, core: str) -> None:
    """What somebody has to say, without what everybody says."""
    assert core_of(text, words, NAMES) == core


@pytest.mark.parametrize(
    "text, word",
    [
        ("resolved", "resolved"),
        ("Resolved.", "resolved"),
        ("RESOLVED!", "resolved"),
        ("resolved ✓", "resolved"),
        ("Resolved 👍", "resolved"),
        ("**resolved**", "resolved"),
        ("“resolved”", "resolved"),
        ("resolved, thanks!", "resolved"),
        ("Thanks Sam, resolved", "resolved"),
        ("Great, works now, resolved", "resolved"),
        ("resolved\nworks great now", "resolved"),
        ("Hi Sam,\n\nresolved\n\nBest regards\nAnn", "resolved"),
        ("Resolved\n-- \nAnn Example", "resolved"),
        ("resolved\n\nSent from my iPhone", "resolved"),
        ("solved", "resolved"),
        ("fixed", "resolved"),
        ("Please close the ticket", "resolved"),
        ("Gelöst", "resolved"),
        ("geloest", "resolved"),
        ("erledigt, danke", "resolved"),
        ("Hallo zusammen,\nerledigt 👍\nLG Ann", "resolved"),
        ("Résolu", "resolved"),
        ("resolu, merci", "resolved"),
        ("resuelto", "resolved"),
        ("reopen", "reopen"),
        ("please reopen", "reopen"),
        ("still broken", "reopen"),
        ("Still broken!", "reopen"),
        ("immer noch kaputt", "reopen"),
        ("Merci de rouvrir", "reopen"),
        ("sigue sin funcionar", "reopen"),
        ("withdraw", "withdraw"),
        ("cancel, please", "withdraw"),
        ("zurückziehen", "withdraw"),
        ("approve", "approve"),
        ("Approved.", "approve"),
        ("I approve", "approve"),
        ("OK, approved", "approve"),
        ("genehmigt", "approve"),
        ("approuvé", "approve"),
        ("aprobado", "approve"),
        ("reject", "reject"),
        ("abgelehnt", "reject"),
        ("refusé", "reject"),
        ("rechazado", "reject"),
        ("nicht genehmigt", "reject"),
        ("watch", "watch"),
        ("suivre", "watch"),
        ("stop", "stop"),
        ("unsubscribe", "stop"),
        ("abbestellen", "stop"),
        ("status", "status"),
        ("état", "status"),
        ("help", "help"),
        ("Hilfe", "help"),
        ("confirm", "confirm"),
        ("Hiermit bestätigt", "confirm"),
        ("je confirme", "confirm"),
        ("confirmo", "confirm"),
    ],
)
def test_one_word(words: Words, text: str, word: str) -> None:
    """The word alone, in four languages."""
    assert one_word(text, words, NAMES) == OneWord(word)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ann",
        "Thanks",
        "Not resolved",
        "not solved yet",
        "nicht gelöst",
        "non résolu",
        "no resuelto",
        "resolved?",
        "Resolved :-(",
        "Is it resolved",
        "resolved for me",
        "resolved\nbut the other one is down",
        "Resolved\n\nThe fax is still dead",
        "resolved and reopen",
        "stop watching",
        "Stop sending me the wrong invoices",
        "stop\nand call me",
        "watch out",
        "help me",
        "help\nthe fax is dead",
        "status of the fax",
        "approve all of it",
        "Approved. Go ahead on Monday",
        "approve, but only on Monday",
        "I cannot approve",
        "confirm\nwhat exactly",
        "> approve",
        "#approve",
        "reopen/close",
        "Hi resolved",
    ],
)
def test_more_than_one_word(words: Words, text: str) -> None:
    """It is a note."""
    assert one_word(text, words, NAMES) is None


@pytest.mark.parametrize(
    "text, word, rest",
    [
        ("approve\nbut not before Monday", "approve", "but not before Monday"),
        ("Approve.\n\nGo ahead.\nOn Monday?\n\nRegards\nAna", "approve", "Go ahead.\nOn Monday?"),
        ("Hi Sam,\nrejected\n\nToo expensive.", "reject", "Too expensive."),
        ("ablehnen\nZu teuer", "reject", "Zu teuer"),
        ("withdraw\nI found it, thanks", "withdraw", "I found it"),
    ],
)
def test_a_reason_below(words: Words, text: str, word: str, rest: str) -> None:
    """Approving, rejecting and withdrawing may have one."""
    assert one_word(text, words, NAMES) == OneWord(word, rest)


def test_hostile_texts(words: Words) -> None:
    """Each is looked at once."""
    for text in ("approve " * 100_000, "approve\n" * 100_000, "-" * 500_000, "Hi,\n" * 100_000, "thanks\n" * 100_000):
        core_of(text, words)
        one_word(text, words)


@pytest.mark.parametrize(
    "text, word",
    [
        ("I approve this.", "approve"),
        ("Yes, I approve.", "approve"),
        ("OK, approved", "approve"),
        ("All works, approved", "approve"),
        ("OK, genehmigt", "approve"),
        ("Einverstanden, genehmigt.", "approve"),
        ("Hiermit genehmige ich das.", "approve"),
        ("D’accord, j’approuve.", "approve"),
        ("Oui, j'approuve", "approve"),
        ("De acuerdo, aprobado.", "approve"),
        ("Sí, apruebo", "approve"),
        ("Apruebo la solicitud.", "approve"),
        ("No, I reject this.", "reject"),
        ("I do not approve.", "reject"),
        ("Nein, ich lehne das ab.", "reject"),
        ("Ich genehmige das nicht.", "reject"),
        ("Non, je refuse.", "reject"),
        ("Je n'approuve pas", "reject"),
        ("No, rechazado.", "reject"),
        ("No lo apruebo", "reject"),
        ("Approved?", None),
        ("No, approved", None),
        ("Nein, genehmigt", None),
        ("No lo rechazo", None),
        ("D’accord", None),
        ("De acuerdo", None),
        ("Works, rejected", None),
        ("I approve this but not that", None),
    ],
)
def test_approvals_as_people_write_them(words: Words, text: str, word: str | None) -> None:
    """With a yes or a no before it, or as a sentence; a mere yes approves nothing, nor does a contradiction."""
    found = one_word(text, words, NAMES)
    assert (found.word if found else None) == word
