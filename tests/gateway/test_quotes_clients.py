"""Quotations as the mail programs of the world write them, and texts of people that only look like one."""

import pytest

from gateway.quoting.quotes import new_text, points_below

OWN = "My own words.\nSecond line."
QUOTATIONS = {
    "Outlook without To": "From: D <d@x.test>\nSent: Monday, August 3, 2026 10:00\nSubject: Printer\n\nold",
    "Outlook as text, bold": "*From:* D <d@x.test>\n*Sent:* Monday, August 3, 2026 10:00\n*To:* A <a@x.test>\n"
    "*Subject:* Printer\n\nold",
    "Outlook on the web": "________________________________\nFrom: D <d@x.test>\nSent: Monday, August 3, 2026 10:00\n"
    "To: A <a@x.test>\nSubject: Printer\n\nold",
    "Outlook for Mac": "From: D <d@x.test>\nDate: Monday, 3 August 2026 at 10:00\nTo: A <a@x.test>\n"
    "Subject: Re: Printer\n\nold",
    "Notes": "From:   D/Org\nTo:     A/Org@Org\nDate:   03/08/2026 10:00\nSubject:        Printer\n\nold",
    "yahoo": "On Monday, August 3, 2026, 10:00:00 AM GMT+2, Desk <d@x.test> wrote:\n\nold",
    "yahoo de": "Am Montag, 3. August 2026 um 10:00:00 MESZ hat Desk <d@x.test> Folgendes geschrieben:\n\nold",
    "yahoo fr": "Le lundi 3 août 2026 à 10:00:00 UTC+2, Desk <d@x.test> a écrit :\n\nold",
    "yahoo es": "El lunes, 3 de agosto de 2026, 10:00:00 CEST, Desk <d@x.test> escribió:\n\nold",
    "yahoo it": "Il lunedì 3 agosto 2026 alle ore 10:00:00 CEST, Desk <d@x.test> ha scritto:\n\nold",
    "yahoo pt": "Em segunda-feira, 3 de agosto de 2026 10:00:00 BRT, Desk <d@x.test> escreveu:\n\nold",
    "GMX": 'Gesendet: Montag, 03. August 2026 um 10:00 Uhr\nVon: "Desk" <d@x.test>\nAn: jane@x.test\n'
    "Betreff: Printer\nold",
    "Outlook 2003, German": "-----Ursprüngliche Nachricht-----\nVon: Desk [mailto:d@x.test] \n"
    "Gesendet: Montag, 3. August 2026 10:00\nAn: a\nBetreff: x\n\nold",
    "apple de fwd": "Anfang der weitergeleiteten Nachricht:\n\nVon: Desk <d@x.test>\nold",
    "gmail de": "Am Mo., 3. Aug. 2026 um 10:00 Uhr schrieb Desk <\nd@x.test>:\n\n> old",
    "gmail wrapped": "On Mon, Aug 3, 2026 at 10:00 AM Some Very Long Name of a Person <\n"
    "some.very.long.name.of.a.person@customer.example.test> wrote:\n\n> old",
    "apple ipad": "On Aug 3, 2026, at 10:00 AM, Desk <d@x.test> wrote:\n> old",
    "Proton, old": "------- Original Message -------\n"
    "On Monday, August 3rd, 2026 at 10:00 AM, Desk <d@x.test> wrote:\n\n\n> old",
    "Proton": "On Monday, 3 August 2026 at 10:00, Desk <d@x.test> wrote:\n\n> old",
    "tutanota": "3. Aug. 2026, 10:00 von d@x.test:\n\n> old",
    "samsung": "-------- Original message --------\nFrom: Desk <d@x.test>\nDate: 03/08/2026 10:00 (GMT+01:00)\n"
    "To: a@x.test\nSubject: x\n\nold",
    "samsung de": "-------- Ursprüngliche Nachricht --------\nVon: Desk <d@x.test>\n"
    "Datum: 03.08.26 10:00 (GMT+01:00)\nAn: a@x.test\nBetreff: x\n\nold",
    "samsung fr": "-------- Message d'origine --------\nDe : Desk <d@x.test>\nDate : 03/08/2026 10:00 (GMT+01:00)\n"
    "À : a@x.test\nObjet : x\n\nold",
    "samsung es": "-------- Mensaje original --------\nDe: Desk <d@x.test>\nFecha: 3/8/26 10:00 (GMT+01:00)\n"
    "Para: a@x.test\nAsunto: x\n\nold",
    "samsung pl": "-------- Oryginalna wiadomość --------\nOd: Desk <d@x.test>\nData: 03.08.2026 10:00 (GMT+01:00)\n"
    "Do: a@x.test\nTemat: x\n\nold",
    "samsung it": "-------- Messaggio originale --------\nDa: Desk <d@x.test>\nData: 03/08/26 10:00 (GMT+01:00)\n"
    "A: a@x.test\nOggetto: x\n\nold",
    "samsung nl": "-------- Oorspronkelijk bericht --------\nVan: Desk <d@x.test>\n"
    "Datum: 03-08-2026 10:00 (GMT+01:00)\nAan: a@x.test\nOnderwerp: x\n\nold",
    "ru mailru": "\nПонедельник, 3 августа 2026, 10:00 +03:00 от Desk <d@x.test>:\n\nold",
    "ru yandex": '\n03.08.2026, 10:00, "Desk" <d@x.test>:\n\nold',
    "ru gmail": "пн, 3 авг. 2026 г. в 10:00, Desk <d@x.test>:\n\nold",
    "uk": "пн, 3 серп. 2026 р. о 10:00 Desk <d@x.test> пише:\n\n> old",
    "QQ": '------------------ 原始邮件 ------------------\n发件人: "Desk" <d@x.test>;\n'
    '发送时间: 2026年8月3日(星期一) 上午10:00\n收件人: "a"<a@x.test>;\n主题: x\n\nold',
    "163.com": 'At 2026-08-03 10:00:00, "Desk" <d@x.test> wrote:\n\nold',
    "163.com, Chinese": '在 2026-08-03 10:00:00，"Desk" <d@x.test> 写道：\n\nold',
    "ja outlook": "-----Original Message-----\nFrom: Desk <d@x.test>\nSent: Monday, August 3, 2026 10:00\nTo: a\n"
    "Subject: x\n\nold",
    "ja becky": "On Mon, 3 Aug 2026 10:00:00 +0900\nDesk <d@x.test> wrote:\n\n> old",
    "ja gmail": "2026年8月3日(月) 10:00 Desk <d@x.test>:\n\n> old",
    "ja tb": "On 2026/08/03 10:00, Desk wrote:\n> old",
    "ko": "2026년 8월 3일 (월) 오전 10:00, Desk <d@x.test>님이 작성:\n\n> old",
    "ko ol": "보낸 사람: Desk <d@x.test>\n보낸 날짜: 2026년 8월 3일 월요일 10:00\n"
    "받는 사람: a <a@x.test>\n제목: x\n\nold",
    "hu": "Desk <d@x.test> ezt írta (időpont: 2026. aug. 3., H, 10:00):\n\n> old",
    "ro": "În lun., 3 aug. 2026 la 10:00, Desk <d@x.test> a scris:\n\n> old",
    "el": "Στις Δευ 3 Αυγ 2026 στις 10:00 π.μ., ο χρήστης Desk <d@x.test> έγραψε:\n\n> old",
    "bg": "На пн, 3.08.2026 г. в 10:00 Desk <d@x.test> написа:\n\n> old",
    "hr": "pon, 3. kol 2026. u 10:00 Desk <d@x.test> napisao je:\n\n> old",
    "ar": "في الاثنين، 3 أغسطس 2026 10:00 ص Desk <d@x.test> كتب:\n\n> old",
    "th": "ในวันที่ จ. 3 ส.ค. 2026 เวลา 10:00 Desk <d@x.test> เขียนว่า:\n\n> old",
    "vi": "Vào Th 2, 3 thg 8, 2026 vào lúc 10:00 Desk <d@x.test> đã viết:\n\n> old",
    "id": "Pada tanggal Sen, 3 Agu 2026 pukul 10.00 Desk <d@x.test> menulis:\n\n> old",
    "sk": "po 3. 8. 2026 o 10:00 Desk <d@x.test> napísal(a):\n\n> old",
    "et": "Kuupäev E, 3. august 2026 kell 10:00 kirjutas Desk <d@x.test>:\n\n> old",
    "lt": "2026-08-03, pr, 10:00 Desk <d@x.test> rašė:\n\n> old",
    "tr ol": "Gönderen: Desk <d@x.test>\nGönderilme: 3 Ağustos 2026 Pazartesi 10:00\nKime: a\nKonu: x\n\nold",
    "outlook de cc": "Von: Desk <d@x.test> \nGesendet: Montag, 3. August 2026 10:00\nAn: A <a@x.test>\n"
    "Cc: B <b@x.test>\nBetreff: x\nPriorität: Hoch\n\nold",
    "outlook sv 2": "Från: Desk <d@x.test>\nSkickat: den 3 augusti 2026 10:00\nTill: A\nÄmne: x\n\nold",
    "outlook fi2": "Lähettäjä: Desk <d@x.test>\nLähetetty: maanantai 3. elokuuta 2026 10.00\nVastaanottaja: A\n"
    "Aihe: x\n\nold",
    "outlook el": "Από: Desk <d@x.test>\nΣτάλθηκε: Δευτέρα 3 Αυγούστου 2026 10:00\nΠρος: A\nΘέμα: x\n\nold",
    "outlook hu": "Feladó: Desk <d@x.test>\nElküldve: 2026. augusztus 3., hétfő 10:00\nCímzett: A\nTárgy: x\n\nold",
    "outlook ro": "De la: Desk <d@x.test>\nTrimis: luni, 3 august 2026 10:00\nCătre: A\nSubiect: x\n\nold",
    "outlook ar": "من: Desk <d@x.test>\nتم الإرسال: 03 أغسطس 2026 10:00\nإلى: A\nالموضوع: x\n\nold",
    "outlook uk": "Від: Desk <d@x.test>\nНадіслано: 3 серпня 2026 р. 10:00\nКому: A\nТема: x\n\nold",
    "outlook sk": "Od: Desk <d@x.test>\nOdoslané: pondelok 3. augusta 2026 10:00\nKomu: A\nPredmet: x\n\nold",
    "outlook ca": "De: Desk <d@x.test>\nEnviat: dilluns, 3 d’agost de 2026 10:00\nPer a: A\nAssumpte: x\n\nold",
    "zimbra": '----- Original Message -----\nFrom: "Desk" <d@x.test>\nTo: "a" <a@x.test>\n'
    "Sent: Monday, August 3, 2026 10:00:00 AM\nSubject: x\n\nold",
    "zimbra de": '----- Ursprüngliche Mail -----\nVon: "Desk" <d@x.test>\nAn: "a" <a@x.test>\n'
    "Gesendet: Montag, 3. August 2026 10:00:00\nBetreff: x\n\nold",
    "zimbra fr": '----- Mail original -----\nDe: "Desk" <d@x.test>\nÀ: "a" <a@x.test>\n'
    "Envoyé: Lundi 3 Août 2026 10:00:00\nObjet: x\n\nold",
    "Thunderbird, original message": "-------- Original Message --------\nSubject: x\n"
    "Date: Mon, 03 Aug 2026 10:00:00 +0200\nFrom: Desk <d@x.test>\nTo: a@x.test\n\nold",
    "roundcube": "On 2026-08-03 10:00, Desk wrote:\n\n> old",
    "roundcube de": "Am 03.08.2026 10:00, schrieb Desk:\n> old",
    "roundcube fr": "Le 2026-08-03 10:00, Desk a écrit :\n\n> old",
    "horde fr": "Desk <d@x.test> a écrit :\n\n> old",
    "evolution": "On Mon, 2026-08-03 at 10:00 +0200, Desk wrote:\n> old",
    "kmail": "On Monday, 3 August 2026 10:00:00 CEST Desk wrote:\n> old",
    "kmail de": "Am Montag, 3. August 2026, 10:00:00 CEST schrieb Desk:\n> old",
    "mutt": "On Mon, Aug 03, 2026 at 10:00:00AM +0200, Desk wrote:\n> old",
    "gnus": "Desk <d@x.test> writes:\n\n> old",
    "outlook express de": '----- Original Message ----- \nFrom: "Desk" <d@x.test>\nTo: <a@x.test>\n'
    "Sent: Monday, August 03, 2026 10:00 AM\nSubject: x\n\n\nold",
    "front": "On August 3, 2026, 10:00 AM GMT+2 Desk <d@x.test> wrote:\n\nold",
    "superhuman": "On Mon, Aug 03, 2026 at 10:00 AM, Desk < d@x.test > wrote:\n\nold",
    "hey": "On August 3, 2026, Desk <d@x.test> wrote:\n\nold",
    "spark": "On 3 Aug 2026, 10:00 +0200, Desk <d@x.test>, wrote:\n> old",
    "mailbird": "On 03/08/2026 10:00:00, Desk <d@x.test> wrote:\nold",
    "zoho": "---- On Mon, 03 Aug 2026 10:00:00 +0200 Desk <d@x.test> wrote ----\n\nold",
    "zoho2": " ---- On Mon, 03 Aug 2026 10:00:00 +0200 d@x.test wrote ---- \n\nold",
    "Hotmail": "Date: Mon, 3 Aug 2026 10:00:00 +0200\nFrom: d@x.test\nTo: a@x.test\nSubject: x\n\nold",
    "Hotmail, marked": "> Date: Mon, 3 Aug 2026 10:00:00 +0200\n> From: d@x.test\n> To: a@x.test\n> old",
    "sogo": "Le Lundi, Août 03, 2026 10:00 CEST, Desk <d@x.test> a écrit:\n \n> old",
    "sogo de": "Am Montag, 03. August 2026 10:00 CEST, schrieb Desk <d@x.test>:\n\n> old",
    "Open-Xchange, German": "> Desk <d@x.test> hat am 03.08.2026 10:00 geschrieben:\n> \n> \n> old",
    "Open-Xchange": "> On 08/03/2026 10:00 AM Desk <d@x.test> wrote:\n> \n>  \n> old",
    "Open-Xchange, unmarked": "Desk <d@x.test> hat am 03.08.2026 10:00 CEST geschrieben:\n\n\nold",
    "teams nl": "Op 3 aug. 2026 om 10:00 heeft Desk <d@x.test> het volgende geschreven:\n\n> old",
    "apple nl": "Op 3 aug. 2026, om 10:00 heeft Desk <d@x.test> het volgende geschreven:\n\nold",
    "apple da": "Den 3. aug. 2026 kl. 10.00 skrev Desk <d@x.test>:\n\n> old",
    "apple no": "3. aug. 2026 kl. 10:00 skrev Desk <d@x.test>:\n\n> old",
    "apple sv": "3 aug. 2026 kl. 10:00 skrev Desk <d@x.test>:\n\n> old",
    "apple fi": "Desk <d@x.test> kirjoitti 3.8.2026 kello 10.00:\n\n> old",
    "apple pl": "Wiadomość napisana przez Desk <d@x.test> w dniu 3 sie 2026, o godz. 10:00:\n\n> old",
    "apple cs": "3. 8. 2026 v 10:00, Desk <d@x.test>:\n\n> old",
    "apple ru": "> 3 авг. 2026 г., в 10:00, Desk <d@x.test> написал(а):\n> \n> old",
    "apple tr": "Desk <d@x.test> şunları yazdı (3 Ağu 2026 10:00):\n\n> old",
    "apple zh": "在 2026年8月3日，10:00，Desk <d@x.test> 写道：\n\n> old",
    "apple zh2": "2026年8月3日 10:00，Desk <d@x.test> 写道：\n\n> old",
    "apple he": "ב-3 באוג׳ 2026, בשעה 10:00, \u200fDesk \u200f<d@x.test> כתב/ה:\n\n> old",
    "apple ko": "2026. 8. 3. 오전 10:00, Desk <d@x.test> 작성:\n\n> old",
    "apple pt": "No dia 3 de ago. de 2026, às 10:00, Desk <d@x.test> escreveu:\n\n> old",
    "apple pt2": "Em 3 de ago. de 2026, à(s) 10:00, Desk <d@x.test> escreveu:\n\n> old",
    "apple es": "El 3 ago 2026, a las 10:00, Desk <d@x.test> escribió:\n\n> old",
    "apple it": "Il giorno 3 ago 2026, alle ore 10:00, Desk <d@x.test> ha scritto:\n\n> old",
    "tb fi": "Desk kirjoitti 3.8.2026 klo 10.00:\n> old",
    "tb da": "Den 03-08-2026 kl. 10:00 skrev Desk:\n> old",
    "tb no": "Den 03.08.2026 10:00, skrev Desk:\n> old",
    "tb tr": "3.08.2026 10:00 tarihinde Desk yazdı:\n> old",
    "tb zh": "在 2026/8/3 10:00, Desk 写道:\n> old",
    "tb he": "בתאריך 03/08/2026 בשעה 10:00, Desk כתב/ה:\n> old",
    "tb hu": "2026. 08. 03. 10:00 keltezéssel, Desk írta:\n> old",
    "tb sk": "Dňa 3. 8. 2026 o 10:00 Desk napísal(a):\n> old",
    "tb el": "Στις 3/8/2026 10:00, ο Desk έγραψε:\n> old",
    "tb uk": "03.08.26 10:00, Desk пише:\n> old",
    "tb ro": "La 03.08.2026 10:00, Desk a scris:\n> old",
}
OWN_WORDS = [
    "Do this first.\n—\nThen restart it please, now.\nAnd tell me.",
    "Run this:\n> ping 192.0.2.1\n> ipconfig",
    "Hallo,\nam Montag um 10:00 schrieb mir der Hersteller:\nes ist defekt.\nPasst das?",
    "Hallo,\n\nAm 23.11.2026 schrieb Herr Doe:\nes ist defekt.\nBitte prüfen.",
    "Hola,\n\nEl lunes a las 10:00 Juan escribió:\nno funciona.",
    "On Monday at 10:00 my boss wrote:\nplease fix it.",
    "Please order:\n---\n10 mice\n5 keyboards\n2 screens",
    "Please order:\n--\n10 mice\n5 keyboards",
    "New user\n---\nName: Jane\nStart: Monday\nRoom: 1\nRights: all",
    "The log says:\n\n> error 5\n> error 6",
    ">From Monday on the printer is dead.",
    "Hello,\n\nthe invoice from 3 August 2026, 10:00 is wrong. As Ann wrote:\nplease correct it.\n\nThanks",
    "Dear team,\nOn Monday we wrote:\nnothing happened.\nPlease help.",
    "Steps to reproduce:\n\n- open it\n- click\n---\nResult:\nerror",
    "From: the kitchen\nTo: the office\nplease bring 3 chairs",
    "Please forward this:\nFrom Monday on, the office is closed.",
    "The log says:\n\n2026-08-03 10:00:01 ERROR sent from server to client\n"
    "2026-08-03 10:00:02 wrote: 5 bytes\n\nWhat is it?",
    "Subject: Printers\n\nThe printers are down.",
    "My address:\nJane Doe\nSample Street 1\n12345 Town\n\nPlease send it there.",
    "1) yes\n2) no\n--\n3) maybe, I will tell you on Monday after the meeting with everybody\n\nmore words\n\nand more",
    "We tried:\n> ls\n> cd /tmp\nand it failed.",
    "$ ls\nfile\n> output redirect\nIt does not work.",
    "Sent from my old account: please change my address.",
    "Get Outlook for iOS working, please. It is broken.",
    "De: 10h\nA: 12h\nFecha: lunes\nGracias",
    "Von: Berlin\nNach: Rom\nDatum: Montag",
    "Hi\n\nName: Jane Doe\nE-mail: jane@customer.test\nDate: 2026-08-03\nSubject: broken\n"
    "Message: The printer is broken",
    "Hello,\nplease see the error below.\n\n-----\nError 5\n-----\n\nRegards\nJane",
    "Hello\n______________\nSection two\nwith text\n______________\nSection three",
    "* item one\n* item two\n  * sub item: with colon:\n* item three",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\nThe table above is wrong.",
    "Table:\n| a | b |\n| 1 | 2 |",
    "Kind regards\n--\nJane\n\nPS: call me tomorrow, it is urgent because the whole floor is down.",
    "PS: see below\n\n___\nJane Doe",
    "The original message was lost.\nOriginal message\nis what I need.",
    "Begin forwarded message\nis what it says on my screen",
    "In 2026 at 10:30 the system wrote:\nERROR",
    "To: all\n\nCc: nobody\n\nI will be away.",
    "Am 3.8. um 10:30 hat mir Herr Doe geschrieben:\nEr kommt nicht.\nBitte um Rückruf.",
    "Date: Monday\nFrom: 10:00\nTo: 12:00\nRoom: 3",
]


@pytest.mark.parametrize("quotation", QUOTATIONS.values(), ids=QUOTATIONS)
def test_quotation_is_folded(quotation: str) -> None:
    """All of a quotation goes, with the lines that introduce it, and nothing of what stands above."""
    more = "> more" if quotation.rstrip().endswith("> old") else "more"
    assert new_text(f"{OWN}\n\n{quotation}\n{more}") == OWN


@pytest.mark.parametrize("text", OWN_WORDS)
def test_own_words_stay(text: str) -> None:
    """No line that a person wrote is lost."""
    kept = new_text(text)
    assert [line for line in text.split("\n") if line.strip() not in kept] == []


def test_signature_above_answers() -> None:
    """Answers among quoted lines are kept, also below a signature."""
    text = "At the top.\n-- \nJane\n\nOn 23.11.26 at 10:00 Desk wrote:\n> one?\nSince Monday.\n> two?\nRoom 5."
    assert new_text(text) == "At the top.\n> one?\nSince Monday.\n> two?\nRoom 5."


@pytest.mark.parametrize(
    "words", ["See my answers below.", "Antworten unten im Text", "Mes réponses en rouge", "Ответы ниже", "Zie onder"]
)
def test_who_points_below(words: str) -> None:
    """Who says that there are answers further down is believed."""
    text = f"{words}\n\nFrom: D <d@x.test>\nSent: Monday, August 3, 2026 10:00\nTo: A\nSubject: x\n\nold\n[Ann] yes"
    assert points_below(new_text(text), text)
    assert not points_below("Thanks, all fine.", text)
