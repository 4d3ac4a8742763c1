"""A short thank-you, which does not open a ticket again; everything else does."""

import pytest

from gateway.commands.plain import is_thank_you
from gateway.commands.words import Words

NAMES = ("Sam Lee", "Jane Doe")

THANKS = [
    # English
    "Thanks",
    "Thanks!",
    "thanks.",
    "THANK YOU",
    "Thank you very much",
    "Thank you so much Sam, works great now :-)",
    "thank you so much sam works great now",
    "Thanks Sam!",
    "Great, works now",
    "Great, works now. Thanks!",
    "Perfect, thank you for your quick help.",
    "Thanks for the quick reply",
    "Many thanks, all good now.",
    "OK, thanks",
    "Cheers",
    "Cheers, Ann",
    "Thx :)",
    "👍",
    "Thanks 🙏🏽",
    "Thanks again for your help",
    "It's working now, thank you.",
    "It’s working now, thank you.",
    "That did the trick, cheers Sam",
    "Much appreciated",
    "Thank you both, have a nice weekend!",
    "Resolved, thanks!",
    "You can close this ticket. Thanks",
    "**Thanks!**",
    "Hi Sam,\n\nthanks, it works.\n\nBest regards\nAnn Example\nExample Ltd\n+44 20 7946 0000",
    "Dear Sam,\nthank you.\nKind regards,\nAnn",
    "Thanks,\nAnn",
    "Thanks!\n\nAnn Example",
    "Thanks and regards\nAnn",
    "Thank you very much.\r\n\r\nKind regards,\r\n\r\nAnn",
    "Thanks\n\nSent from my iPhone",
    "Thanks\n-- \nAnn Example\nExample Ltd",
    "Thanks\n--\nAnn Example",
    "Good morning Sam,\n\nAll sorted, many thanks.",
    "Thanks. Works now. Best regards, Ann",
    # German
    "Danke",
    "Danke, funktioniert wieder!",
    "passt",
    "Passt, danke!",
    "Vielen Dank für die schnelle Hilfe!",
    "Super, jetzt geht's. Vielen Dank",
    "Dankeschön 😊",
    "Danke schoen",
    "Perfekt, läuft wieder, danke Sam",
    "Hallo zusammen,\n\nvielen Dank für die schnelle Hilfe!\n\nViele Grüße, Ann",
    "Danke und Gruß\nAnn",
    "Vielen Dank!\n\nMit freundlichen Grüßen\nErika Muster",
    "Sehr geehrter Herr Lee,\n\nherzlichen Dank.\n\nFreundliche Grüße\nErika Muster",
    "Erledigt, danke",
    "Alles bestens, LG Erika",
    "Klappt jetzt, besten Dank",
    # French
    "Merci",
    "Merci beaucoup !",
    "Merci beaucoup, ça marche !\nCordialement,\nLuc",
    "Parfait, merci pour votre aide.",
    "Bonjour Sam,\nMerci !",
    "Merci à tous, tout fonctionne à nouveau.\nBonne journée\nLuc",
    "C'est bon maintenant, merci",
    "Ca marche, merci",
    # Spanish
    "Gracias",
    "¡Muchas gracias!",
    "Muchas gracias, ya funciona. Un saludo, Ana",
    "Perfecto, gracias por la ayuda",
    "Hola Sam,\nmuchas gracias.\nSaludos\nAna",
    "Todo bien, mil gracias",
    # and further languages
    "Bedankt, het werkt weer. Groet, Jan",
    "Dank je wel!",
    "Grazie mille, ora funziona.",
    "Grazie per il supporto.\nCordiali saluti\nLuca",
    "Muito obrigado, já funciona!",
    "Obrigada pela ajuda.",
    "Dziękuję bardzo, działa.",
    "Dziekuje",
    "Tack så mycket, nu funkar det!",
    "Mange tak for hjælpen",
    "Takk for hjelpen!",
    "Kiitos, nyt toimii!",
    "Děkuji, už to funguje.",
    "Köszönöm szépen!",
    "Çok teşekkür ederim",
    "Teşekkürler, şimdi çalışıyor.",
    "Mulțumesc mult!",
    "Спасибо, всё работает!",
    "Большое спасибо",
    "Дякую, все працює",
    "Ευχαριστώ πολύ!",
    "ありがとうございました。",
    "佐藤様\nお世話になっております。\n迅速なご対応ありがとうございました。",
    "谢谢！",
    "您好，谢谢，已经可以了。",
    "謝謝您的幫助",
    "감사합니다!",
    "شكرًا جزيلًا",
    "תודה רבה!",
    "Ďakujem, už to funguje",
    "Hvala lijepa!",
    "Thanks!\n\nBest regards\nAli Example",
    "Благодаря ви",
    "Aitäh!",
    "Moltes gràcies",
    "Cảm ơn bạn rất nhiều",
    "Terima kasih banyak",
    "ขอบคุณมากครับ",
]

NO_THANKS = [
    "",
    "\n",
    "Ann",
    "Hello",
    "Best regards\nAnn",
    "Yes",
    "No",
    "Yes, that is right",
    # “but”, negations, trouble
    "Thanks, but it is still broken",
    "Thanks but no",
    "Thank you, however the fax is down.",
    "Thank you, not working",
    "Thanks, it does not work",
    "Thanks, it doesn't work",
    "Thanks, still broken",
    "Thanks,\nstill broken",
    "Thanks,\nBroken",
    "Thanks\nit is broken again",
    "No thanks",
    "Thanks for nothing",
    "Thanks, nothing changed",
    "It's back",
    "Works now and then",
    "It works, sometimes",
    "It works on one of the phones",
    "Thanks, works now except the fax",
    "Thanks, worked until this morning",
    "Thanks :-(",
    "OK :(",
    "Thanks 👎",
    "Thanks 😞",
    # questions
    "Thanks?",
    "OK?",
    "Does it work now? Thanks",
    "Thanks, when",
    "Thank you. When will the other one be fixed?",
    "Super, danke. Geht es jetzt auch bei Erika?",
    "Ευχαριστώ;",
    "ありがとうございます？",
    "شكرا؟",
    "谢谢？",
    # something more
    "Thanks. One more thing: the fax",
    "Thanks, please call me",
    "Thanks, see attached",
    "Thanks, I will test it tomorrow",
    "Thanks, we will see",
    "Thank you Peter, and tell Mary",
    "Thanks in advance",
    "Danke im Voraus",
    "Thanks 2 printers",
    "Thanks, see http://customer.test",
    "Thanks, works now. PS: the fax is dead",
    "Thanks\n\nBest regards\nAnn\n\nThe printer is still out of order today",
    "Regards\nit is still broken",
    "Regards\nAnn\nThe fax has the same fault",
    "Thanks\n> Did it help?",
    "#reopen",
    "Thanks for your help with this, and now the next one in the long list of things that I would like to have",
    "Thanks " * 40,
    "> Thanks",
    # German, French, Spanish
    "Danke, aber es geht nicht",
    "Danke, geht nicht",
    "Danke, geht noch nicht",
    "Leider nein, danke",
    "Vielen Dank für nichts",
    "Danke, nur der Drucker fehlt",
    "Danke, bitte noch den Drucker",
    "Funktioniert nicht",
    "Passt nicht",
    "Kein Dank",
    "Merci mais ça ne marche pas",
    "Merci, ça ne fonctionne pas",
    "Merci, toujours en panne",
    "Non merci",
    "Merci de me rappeler",
    "Merci d'avance",
    "Gracias, pero no funciona",
    "Gracias, sigue igual",
    "No, gracias",
    "Gracias, todavía falla",
    # the further ones, each with its “not” or “but”
    "Bedankt, maar het werkt niet",
    "Werkt niet",
    "Grazie, ma non funziona",
    "Non funziona",
    "Obrigado, mas não funciona",
    "Não funciona",
    "Dziękuję, ale nie działa",
    "Nie działa",
    "Tack, men det fungerar inte",
    "Det fungerar inte",
    "Tak, men det virker ikke",
    "Det virker ikke",
    "Takk, men det fungerer ikke",
    "Kiitos, mutta ei toimi",
    "Ei toimi",
    "Děkuji, ale nefunguje to",
    "Köszönöm, de nem működik",
    "Nem működik",
    "Teşekkürler ama çalışmıyor",
    "Mulțumesc, dar nu merge",
    "Nu funcționează",
    "Nu merge, mersi",
    "Спасибо, но не работает",
    "Не работает",
    "Дякую, але не працює",
    "Ευχαριστώ, αλλά δεν λειτουργεί",
    "Δεν λειτουργεί",
    "ありがとうございます。まだ動きません。",
    "动不了，谢谢",
    "谢谢，还是不行",
    "你好还是坏的，谢谢",
    "不行老师\n谢谢",
    "감사합니다. 그런데 안 됩니다.",
    "شكرا، لكن لا يعمل",
    "לא עובד, תודה",
    "תודה, אבל לא עובד",
    "Ďakujem, ale nefunguje",
    "Hvala, ali ne radi",
    "Благодаря, но не работи",
    "Gràcies, però no funciona",
    "Cảm ơn, nhưng không hoạt động",
    "Terima kasih, tapi belum berfungsi",
    "ขอบคุณครับ แต่ยังใช้ไม่ได้",
]


@pytest.mark.parametrize("text", THANKS)
def test_a_thank_you(words: Words, text: str) -> None:
    """Thanks, and that it works, with a greeting, a name and a closing around it."""
    assert is_thank_you(text, words, NAMES)


@pytest.mark.parametrize("text", NO_THANKS)
def test_no_thank_you(words: Words, text: str) -> None:
    """A question, a negation, a “but”, a request or a strange word: somebody has to read it."""
    assert not is_thank_you(text, words, NAMES)


def test_there_are_enough_samples() -> None:
    """Both ways of being wrong are looked at."""
    assert len(THANKS) + len(NO_THANKS) >= 150
    assert len(NO_THANKS) >= 60


def test_only_names_that_are_known_may_stand_in_the_sentence(words: Words) -> None:
    """“Thanks Sam” where Sam is of the staff; any other word there may be the matter itself."""
    assert is_thank_you("Thanks Sam", words, ["Sam Lee"])
    assert not is_thank_you("Thanks Printer", words, ["Sam Lee"])
    assert not is_thank_you("Thanks, not Sam", words, ["Not Sam"])
    assert is_thank_you("Thanks Ali", words, ["Ali Example"])
    assert not is_thank_you("Hvala, ali Ana", words, ["Ana Example"])


def test_long_and_hostile_texts(words: Words) -> None:
    """They are notes, and soon known to be."""
    for text in (
        "thanks " * 100_000,
        "thanks\n" * 100_000,
        "," * 500_000,
        "hi " * 100_000,
        "Best\n" * 100_000,
        "(" * 9999,
    ):
        assert not is_thank_you(text, words)
