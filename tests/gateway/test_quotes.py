"""The new words of a reply: headers of quotations in many languages, interleaved answers, signatures."""

import pytest

from gateway.quoting.quotes import MAX_LINES, new_text

OWN = "My own words.\nSecond line."
REPLY_HEADERS = {
    "en": "On Mon, Aug 3, 2026 at 10:00 AM, Service Desk <desk@example.test> wrote:",
    "de": "Am Mo., 3. Aug. 2026 um 10:00 Uhr schrieb Service Desk <desk@example.test>:",
    "de2": "Am 03.08.2026 um 10:00 schrieb Service Desk:",
    "fr": "Le lun. 3 août 2026 à 10:00, Service Desk <desk@example.test> a écrit :",
    "es": "El lun, 3 ago 2026 a las 10:00, Service Desk (<desk@example.test>) escribió:",
    "it": "Il giorno lun 3 ago 2026 alle ore 10:00 Service Desk <desk@example.test> ha scritto:",
    "pt": "Em seg., 3 de ago. de 2026 às 10:00, Service Desk <desk@example.test> escreveu:",
    "nl": "Op ma 3 aug 2026 om 10:00 schreef Service Desk <desk@example.test>:",
    "da": "Den man. 3. aug. 2026 kl. 10.00 skrev Service Desk <desk@example.test>:",
    "sv": "Den mån 3 aug. 2026 kl 10:00 skrev Service Desk <desk@example.test>:",
    "no": "man. 3. aug. 2026 kl. 10:00 skrev Service Desk <desk@example.test>:",
    "fi": "ma 3. elok. 2026 klo 10.00 Service Desk (desk@example.test) kirjoitti:",
    "pl": "pon., 3 sie 2026 o 10:00 Service Desk <desk@example.test> napisał(a):",
    "cs": "po 3. 8. 2026 v 10:00 odesílatel Service Desk <desk@example.test> napsal:",
    "ru": "пн, 3 авг. 2026 г. в 10:00, Service Desk <desk@example.test>:",
    "ru2": "3 августа 2026, 10:00, от Service Desk <desk@example.test> написал:",
    "tr": "Service Desk <desk@example.test>, 3 Ağu 2026 Pzt, 10:00 tarihinde şunu yazdı:",
    "ja": "2026年8月3日(月) 10:00 Service Desk <desk@example.test>:",
    "ja2": "2026/08/03 10:00、Service Desk <desk@example.test>のメール:",
    "zh": "Service Desk <desk@example.test> 于2026年8月3日周一 10:00写道：",
    "zh2": "在 2026年8月3日，上午10:00，Service Desk <desk@example.test> 写道：",
    "he": "‫בתאריך יום ב׳, 3 באוג׳ 2026 ב-10:00 מאת ‪Service Desk‬‏ <‪desk@example.test‬‏>:‬",
    "fi2": "Service Desk <desk@example.test> kirjoitti 3.8.2026 kello 10.00:",
    "apple": "On 3 Aug 2026, at 10:00, Service Desk <desk@example.test> wrote:",
    "apple_de": "Am 03.08.2026 um 10:00 schrieb Service Desk <desk@example.test>:",
    "apple_fr": "Le 3 août 2026 à 10:00, Service Desk <desk@example.test> a écrit :",
    "apple_ja": "2026/08/03 10:00、Service Desk <desk@example.test>のメール:",
    "tb_nl": "Op 03-08-2026 om 10:00 schreef Service Desk:",
    "tb_it": "Il 03/08/2026 10:00, Service Desk ha scritto:",
    "tb_sv": "Den 2026-08-03 kl. 10:00, skrev Service Desk:",
    "tb_pl": "W dniu 3.08.2026 o 10:00, Service Desk pisze:",
    "tb_ru": "03.08.2026 10:00, Service Desk пишет:",
    "tb_cs": "Dne 03. 08. 26 v 10:00 Service Desk napsal(a):",
    "tb_pt": "Em 03/08/2026 10:00, Service Desk escreveu:",
    "tb_es": "El 3/8/26 a las 10:00, Service Desk escribió:",
}
HEADER_BLOCKS = {
    "en": "From: D <d@x.test>\nSent: Monday, August 3, 2026 10:00\nTo: A <a@x.test>\nSubject: Printer",
    "de": "Von: D <d@x.test>\nGesendet: Montag, 3. August 2026 10:00\nAn: A <a@x.test>\nBetreff: Drucker",
    "fr": "De : D <d@x.test>\nEnvoyé : lundi 3 août 2026 10:00\nÀ : A <a@x.test>\nObjet : Imprimante",
    "es": "De: D <d@x.test>\nEnviado el: lunes, 3 de agosto de 2026 10:00\nPara: A <a@x.test>\nAsunto: Impresora",
    "it": "Da: D <d@x.test>\nInviato: lunedì 3 agosto 2026 10:00\nA: A <a@x.test>\nOggetto: Stampante",
    "pt": "De: D <d@x.test>\nEnviada em: segunda-feira, 3 de agosto de 2026 10:00\nPara: A <a@x.test>\nAssunto: Toner",
    "nl": "Van: D <d@x.test>\nVerzonden: maandag 3 augustus 2026 10:00\nAan: A <a@x.test>\nOnderwerp: Printer",
    "da": "Fra: D <d@x.test>\nSendt: 3. august 2026 10:00\nTil: A <a@x.test>\nEmne: Printer",
    "sv": "Från: D <d@x.test>\nSkickat: den 3 augusti 2026 10:00\nTill: A <a@x.test>\nÄmne: Skrivare",
    "no": "Fra: D <d@x.test>\nSendt: mandag 3. august 2026 10:00\nTil: A <a@x.test>\nEmne: Skriver",
    "fi": "Lähettäjä: D <d@x.test>\nLähetetty: 3. elokuuta 2026 10.00\nVastaanottaja: A <a@x.test>\nAihe: Väri",
    "pl": "Od: D <d@x.test>\nWysłano: poniedziałek, 3 sierpnia 2026 10:00\nDo: A <a@x.test>\nTemat: Drukarka",
    "cs": "Od: D <d@x.test>\nOdesláno: pondělí 3. srpna 2026 10:00\nKomu: A <a@x.test>\nPředmět: Tiskárna",
    "ru": "От: D <d@x.test>\nОтправлено: 3 августа 2026 г. 10:00\nКому: A <a@x.test>\nТема: Принтер",
    "tr": "Kimden: D <d@x.test>\nGönderildi: 3 Ağustos 2026 Pazartesi 10:00\nKime: A <a@x.test>\nKonu: Yazıcı",
    "ja": "差出人: D <d@x.test>\n送信日時: 2026年8月3日 10:00\n宛先: A <a@x.test>\n件名: プリンター",
    "zh": "发件人: D <d@x.test>\n发送时间: 2026年8月3日 10:00\n收件人: A <a@x.test>\n主题: 打印机",
    "zhtw": "寄件者: D <d@x.test>\n寄件日期: 2026年8月3日 10:00\n收件者: A <a@x.test>\n主旨: 印表機",
    "he": "מאת: D <d@x.test>\nנשלח: יום שני 3 אוגוסט 2026 10:00\nאל: A <a@x.test>\nנושא: מדפסת",
}
MOBILE_SIGNATURES = [
    "Sent from my iPhone",
    "Sent from my Samsung Galaxy smartphone.",
    "Get Outlook for iOS",
    "Get Outlook for Android<https://aka.ms/ghei36>",
    "Von meinem iPhone gesendet",
    "Gesendet mit der GMX Mail App",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Inviato da iPhone",
    "Enviado do meu iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Sendt fra min iPhone",
    "Skickat från min iPhone",
    "Lähetetty iPhonesta",
    "Wysłane z iPhone'a",
    "Odesláno z iPhonu",
    "Отправлено с iPhone",
    "iPhone'umdan gönderildi",
    "iPhoneから送信",
    "发自我的iPhone",
    "נשלח מה-iPhone שלי",
    "Sent from Outlook for Android",
    "Von meinem Samsung Galaxy Smartphone gesendet.",
    "Envoyé depuis mon téléphone Orange",
    "Sent from Yahoo Mail on Android",
    "Sent from Mail for Windows 10",
    "Gesendet von Mail für Windows",
]


@pytest.mark.parametrize("quotation", ["> old text\n> more", "old text\nmore"], ids=["marked", "unmarked"])
@pytest.mark.parametrize("header", REPLY_HEADERS.values(), ids=REPLY_HEADERS)
def test_reply_header(header: str, quotation: str) -> None:
    """A quotation goes with the line that introduces it, whether its lines are marked or not."""
    assert new_text(f"{OWN}\n\n{header}\n\n{quotation}") == OWN


@pytest.mark.parametrize("above", ["", "________________________________\n", "-----Original Message-----\n"])
@pytest.mark.parametrize("block", HEADER_BLOCKS.values(), ids=HEADER_BLOCKS)
def test_header_block(block: str, above: str) -> None:
    """Outlook's block of header lines ends the new text."""
    assert new_text(f"{OWN}\n\n{above}{block}\n\nold text\nmore") == OWN


@pytest.mark.parametrize("signature", MOBILE_SIGNATURES)
def test_mobile_signature(signature: str) -> None:
    """The line that a telephone adds is not what its owner wrote."""
    assert new_text(f"{OWN}\n\n{signature}\n") == OWN


def test_header_over_several_lines() -> None:
    """A reply header that was wrapped is one all the same, and takes no line above it along."""
    own = "The blocker might be it. I only have time in 2 weeks."
    assert new_text(f"{own}\nOn Mon, Aug 3, 2026 at 10:00 AM Ann <\nann@example.com>\nwrote:\n\n> old") == own


@pytest.mark.parametrize(
    "text",
    [
        "Sent from my desk, is much easier than my mobile phone.",
        "Hello,\n\nFrom: Berlin\nTo: Rome\nDate: Monday\n\nPlease book it.",
        "Part one.\n---\nPart two is long.\n\nAnd goes on.",
        "To: be done\nSubject: to change",
        "As I wrote:\nthe light is red.",
        "He wrote at 10:30:\nthe light is red.",
        "Steps:\n1. Press the key.\n2. Wait for 10:30:\nnothing happens",
        "```\n> not quoted\n--\n```\nEnd.",
        "Type: incident\nSite: Berlin\nThe printer is broken.",
    ],
)
def test_own_words_stay(text: str) -> None:
    """Text that only looks like mail furniture is kept, every line of it."""
    assert new_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "> one?\nYes.\n> two?\nNo.",
        "Hi,\nsee below.\n\n> one?\nYes.\n> two?\nNo.",
    ],
)
def test_interleaved_answers_keep_context(text: str) -> None:
    """Answers among quoted lines mean nothing without them."""
    assert new_text(text) == text


def test_interleaved_below_header() -> None:
    """Of interleaved answers only the reply header goes."""
    text = "On Mon, Aug 3, 2026 at 10:00 AM, Ann <ann@example.com> wrote:\n> one?\nYes.\n> two?\nNo."
    assert new_text(text) == "> one?\nYes.\n> two?\nNo."


def test_answer_below_quotation() -> None:
    """Who answers below the quotation is read as well."""
    assert new_text("On 04/19/2026 07:10 AM, Ann wrote:\n\n> Test\n>\nMy answer") == "My answer"


@pytest.mark.parametrize(
    "text", ["> only quoted\n> lines", "--\nAnn", "-----Original Message-----\nFrom: a@x.test\nhello"]
)
def test_never_cut_to_nothing(text: str) -> None:
    """Where the cut would leave nothing, nothing is cut."""
    assert new_text(text) == text


def test_signature() -> None:
    """What stands below `-- ` is a signature (RFC 3676 section 4.3)."""
    assert new_text("All fine.\n\n-- \nAnn\nExample Ltd") == "All fine."


def test_list_footer() -> None:
    """The footer of a mailing list is not the writer's."""
    footer = (
        "_______________________________________________\nusers mailing list\nhttps://lists.example.com/listinfo/users"
    )
    assert new_text(f"{OWN}\n\n{footer}") == OWN


def test_long_text_keeps_its_end() -> None:
    """Lines beyond those that are looked at are kept."""
    text = "\n".join(f"line {i}" for i in range(MAX_LINES + 10)) + "\n> quoted"
    assert new_text(text) == text


@pytest.mark.parametrize(
    "shape", ["On a\n", "> q\n", "--\n", "From: a@x.test\n", "-----Original Message-----\n", "a: ", "> ", "On "]
)
def test_hostile_shapes_are_read(shape: str) -> None:
    """Two megabytes of what slows other readers down for minutes."""
    assert new_text(shape * (2_000_000 // len(shape)))


@pytest.mark.parametrize(
    "header",
    [
        "Quoting Desk <desk@example.test>:",
        "Zitat von Desk <desk@example.test>:",
        "* Desk <desk@example.test> [2026-08-03 10:00]:",
        "Aug 3, 2026, 10:00 by desk@example.test:",
        "3 août 2026, 10:00 de desk@example.test:",
        "Desk skrev den 2026-08-03 10:00:",
        "Desk napsal dne 3.8.2026 v 10:00:",
        "Понедельник, 3 августа 2026, 10:00 +03:00 от Desk <desk@example.test>:",
    ],
)
def test_reply_header_above_marked_lines(header: str) -> None:
    """What Horde, mutt, Tutanota and others write above a quotation goes with it."""
    assert new_text(f"{OWN}\n\n{header}\n\n> old\n> words") == OWN


@pytest.mark.parametrize(
    "line",
    [
        "The error is:",
        "As Ann said on Monday:",
        "Please send it to ann@x.test, she wrote to me:",
        "See 2026-08-03 10:00:",
    ],
)
def test_lead_in_stays(line: str) -> None:
    """A sentence above marked lines is the writer's own."""
    assert line in new_text(f"{OWN}\n\n{line}\n\n> disk full\n\nWhat now?")


def test_groupwise() -> None:
    """GroupWise puts the header of the quotation between arrows and marks nothing."""
    assert new_text(f"{OWN}\n\n>>> Desk <desk@example.test> 08/03/2026 10:00 AM >>>\nold words\nmore") == OWN


def test_polymail() -> None:
    """Polymail parts the address from its header by a blank line."""
    header = "On Mon, Aug 3, 2026 at 10:00 AM Service Desk\n\n<\nmailto:Service Desk <desk@example.test>\n> wrote:"
    assert new_text(f"{OWN}\n\n{header}\nold words") == OWN


def test_two_fields_of_a_mail() -> None:
    """From or To with a date that only mail programs write is the header of a quoted mail."""
    date = "Date: Mon, 03 Aug 2026 10:00:00 +0200"
    assert new_text(f"{OWN}\n\nFrom: desk@example.test\n{date}\n\nold words") == OWN
    assert new_text(f"{OWN}\n\n{date}\nTo: desk@example.test\n\nold words") == OWN


def test_filled_in_form_stays() -> None:
    """A form that a web page mails has fields like a header's, and is no quotation."""
    form = f"{OWN}\n\nFrom: ann@x.test\nDate: 2026-08-03 10:00\nMessage: the printer is broken"
    assert new_text(form) == form


def test_dashes_between_sections() -> None:
    """Several lines of two dashes part sections; a single one begins a signature."""
    text = "Hello,\n\n--\nFirst: the printer.\n\n--\nSecond: the screen.\n\nThanks"
    assert new_text(text) == text
    assert new_text("Hello\n\n--\nAnn\nExample Ltd") == "Hello"
