"""Quotations in HTML: the new words of a mail, in the form that each mail program writes it."""

import pytest

from gateway import html
from gateway.envelope import Message
from gateway.parse import read

WROTE = "On Mon, 3 Jan 2022 at 10:00, Ann Example &lt;ann@example.com&gt; wrote:"
SINCE = "On Monday, 3 January 2022 at 10:00:12 GMT, Ann Example &lt;ann@example.com&gt; wrote:"
FROM = (
    "<b>From:</b> Ann Example &lt;ann@example.com&gt;<br><b>Sent:</b> Monday, 3 January 2022 10:00<br>"
    "<b>To:</b> Jane Doe &lt;jane@example.org&gt;<br><b>Subject:</b> Printer"
)
FROM_GERMAN = (
    "<b>Von:</b> Ann Example &lt;ann@example.com&gt;<br><b>Gesendet:</b> Montag, 3. Januar 2022 10:00<br>"
    "<b>An:</b> Jane Doe &lt;jane@example.org&gt;<br><b>Betreff:</b> Drucker"
)
FROM_KOREAN = (
    "<b>보낸 사람:</b> Ann Example &lt;ann@example.com&gt;<br><b>보낸 날짜:</b> 2022년 1월 3일 월요일<br>"
    "<b>받는 사람:</b> Jane Doe &lt;jane@example.org&gt;<br><b>제목:</b> Printer"
)
WORD = 'class="MsoNormal"'
OUTLOOK_DIV = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"
GMAIL_STYLE = "margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"


def mail(source: str, subject: str = "Re: Printer") -> Message:
    """A mail of nothing but HTML."""
    head = (
        f"From: Jane Doe <jane@example.org>\r\nTo: service@desk.test\r\nSubject: {subject}\r\n"
        "Date: Tue, 4 Jan 2022 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return read(head.encode() + source.encode())


PROGRAMS = {
    "Gmail": f"""<div dir="ltr">It works.</div><br><div class="gmail_quote gmail_quote_container">
        <div dir="ltr" class="gmail_attr">{WROTE}<br></div><blockquote class="gmail_quote" style="{GMAIL_STYLE}">
        <div dir="ltr">OLD words</div></blockquote></div>""",
    "Gmail before 2019": f"""<div dir="ltr">It works.</div><div class="gmail_extra"><br><div class="gmail_quote">
        {WROTE}<br><blockquote class="gmail_quote" style="{GMAIL_STYLE}">OLD words</blockquote></div><br></div>""",
    "Gmail on a telephone": f"""<div dir="auto">It works.</div><br><div class="gmail_quote"><div dir="ltr"
        class="gmail_attr">{WROTE}<br></div>OLD words<br></div>""",
    "Apple Mail": f"""<html><body>It works.<br><div><br><blockquote type="cite"><div>{WROTE}</div>
        <br class="Apple-interchange-newline"><div><div>OLD words</div></div></blockquote></div><br></body></html>""",
    "iCloud": f"""<div>It works.</div><div><br></div><div>{WROTE}<br></div><div><br></div>
        <div><blockquote type="cite">OLD words</blockquote></div>""",
    "iPhone": f"""<div dir="ltr">It works.</div><div dir="ltr"><br><blockquote type="cite">{WROTE}<br><br>
        </blockquote></div><blockquote type="cite"><div dir="ltr">OLD words</div></blockquote>""",
    "Thunderbird": f"""<p>It works.</p><div class="moz-cite-prefix">{WROTE}<br></div>
        <blockquote type="cite" cite="mid:1@example.com"><pre class="moz-quote-pre" wrap="">OLD
words</pre></blockquote>""",
    "Thunderbird in a language we do not know": """<p>It works.</p><div class="moz-cite-prefix">
        Ann Example rašė 2022-01-03 10:00:<br></div><blockquote type="cite">OLD words</blockquote>""",
    "Outlook": f"""<div class="WordSection1"><p {WORD}>It works.<o:p></o:p></p><p {WORD}><o:p>&nbsp;</o:p></p>
        <div><div style="{OUTLOOK_DIV}"><p {WORD}>{FROM}<o:p></o:p></p></div></div><p {WORD}>OLD words</p></div>""",
    "Outlook 2010": f"""<div class="WordSection1"><p {WORD}>It works.</p>
        <div style='border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0in 0in 0in'><p {WORD}>{FROM_GERMAN}
        <o:p></o:p></p></div><p {WORD}>OLD words</p><p {WORD}>OLD too</p></div>""",
    "Outlook in Korean": f"""<div class="WordSection1"><p {WORD}>It works.</p><div><div style="{OUTLOOK_DIV}">
        <p {WORD}>{FROM_KOREAN}</p></div></div><p {WORD}>OLD words</p></div>""",
    "Outlook 2007": f"""<p {WORD}>It works.</p><div style='border:none;border-left:solid blue 1.5pt;
        padding:0cm 0cm 0cm 4.0pt'><div><div style='border:none;border-top:solid #B5C4DF 1.0pt'><p>{FROM}</p></div>
        </div><p {WORD}>OLD words</p></div>""",
    "Outlook 2011 for the Mac": f"""<div>It works.</div><span id="OLK_SRC_BODY_SECTION"><div style="
        BORDER-BOTTOM: medium none; BORDER-TOP: #b5c4df 1pt solid; PADDING-TOP: 3pt">{FROM}</div><div>OLD words</div>
        </span>""",
    "Outlook for the Mac": f"""<div class="WordSection1"><p {WORD}>It works.</p>
        <div id="mail-editor-reference-message-container"><div><div style="border:none;
        border-top:solid #B5C4DF 1.0pt"><p {WORD}>{FROM}</p></div><p {WORD}>OLD words</p></div></div></div>""",
    "Outlook on the web": f"""<div class="elementToProof">It works.</div><div id="appendonsend"></div>
        <hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr">
        <font face="Calibri">{FROM}</font><div>&nbsp;</div></div><div><p {WORD}>OLD words</p></div>""",
    "Outlook on the web, cut": f"""<div>It works.</div><div id="x_appendonsend"></div><div>{FROM}</div>
        <div>OLD words</div>""",
    "Outlook on the web, quoted once more": f"""<div>It works.</div><div id="x_x_divRplyFwdMsg">{FROM}</div>
        <div class="x_WordSection1"><p class="x_MsoNormal">OLD words</p></div>""",
    "Outlook on a telephone": """<div dir="auto">It works.</div><div id="mail-editor-reference-message-container"
        class="ms-outlook-mobile-reference-message"><hr tabindex="-1"><div id="divRplyFwdMsg"><strong>From:</strong>
        Ann &lt;ann@example.com&gt;<br></div>OLD words</div>""",
    "Hotmail": f"""<div dir="ltr">It works.<br><hr id="stopSpelling">{FROM}<br><br>OLD words</div>""",
    "Yahoo": f"""<div class="ydp1aa2yahoo-style-wrap"><div>It works.</div></div><div id="ydpb28840fyahoo_quoted_21429"
        class="ydpb28840fyahoo_quoted"><div style="font-size:13px"><div>{SINCE}</div><div><br></div>
        <div><div>OLD words<blockquote type="cite">OLD too</blockquote></div></div></div></div>""",
    "Yahoo before 2018": f"""<div>It works.</div><div class="qtdSeparateBR"><br></div><div class="yahoo_quoted">
        <div>{SINCE}<br></div><div class="y_msg_container">OLD words</div></div>""",
    "Yahoo on an iPhone": f"""It works.<br><br>Sent from Yahoo Mail for iPhone<br><br><p
        class="yahoo-quoted-begin">{SINCE}</p><blockquote class="iosymail"><div>OLD words</div></blockquote>""",
    "Proton": f"""<div>It works.<br></div><div class="protonmail_quote"><div>{WROTE}</div><br>
        <blockquote class="protonmail_quote" type="cite">OLD words</blockquote></div>""",
    "Proton before 2022": f"""<div>It works.</div><div class="protonmail_quote">------- Original Message -------<br>
        {WROTE}<br><br><blockquote class="protonmail_quote" type="cite">OLD words</blockquote><br></div>""",
    "Tutanota": """It works.<br><br>3 Jan 2022, 10:00 by ann@example.com:<br><blockquote class="tutanota_quote"
        style="border-left: 1px solid #93A3B8; padding-left: 10px">OLD words</blockquote>""",
    "Zimbra": f"""<div><div>It works.</div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">
        {FROM}<br></div><br><div data-marker="__QUOTED_TEXT__">OLD words</div></div>""",
    "Zimbra before 2014": f"""<div>It works.<br><hr id="zwchr"><blockquote style="border-left:2px solid #1010FF">
        {FROM}<br><br>OLD words</blockquote></div>""",
    "GMX and web.de": f"""<div><div>It works.</div><div><div name="quote" style="margin:10px 5px 5px 10px;
        border-left:2px solid #C3D9E5"><div style="margin:0 0 10px 0;">{FROM_GERMAN}</div>
        <div name="quoted-content">OLD words</div></div></div></div>""",
    "GMX without names": f"""<div>It works.</div><div style="border-left:2px solid #C3D9E5;padding:10px 0 10px 10px">
        <div>{FROM_GERMAN}</div><div>OLD words</div></div>""",
    "Freenet": """<p>It works.</p><blockquote type="cite">Ann Example &lt;ann@example.com&gt; hat am 03.01.2022 10:00
        geschrieben:<br><br>OLD words</blockquote>""",
    "T-Online": """<div>It works.</div><div>-----Original-Nachricht-----<br>Betreff: Drucker<br>Datum:
        2022-01-03T10:00:00+0100<br>Von: "Ann Example" &lt;ann@example.com&gt;<br>An: "Jane" &lt;jane@example.org&gt;
        <br><br>OLD words</div>""",
    "Lotus Notes": """<font size=2>It works.</font><br><br><font size=1 color=#5f5f5f>From: </font><font size=1>Ann
        Example/ACME</font><br><font size=1>To: </font><font size=1>jane@example.org</font><br><font size=1>Date:
        </font><font size=1>03.01.2022 10:00</font><br><font size=1>Subject: </font><font size=1>Printer</font>
        <br><hr noshade><br><tt>OLD words</tt>""",
    "iNotes": """<div>It works.</div><div><font color="#990099">-----"Ann Example" &lt;ann@example.com&gt; wrote:
        -----</font></div><div style="padding-left:5px;border-left:solid black 2px">To: jane@example.org<br>
        From: ann@example.com<br>Date: 03.01.2022 10:00<br>Subject: Printer<br><br>OLD words</div>""",
    "Samsung": """<div dir="auto">It works.</div><div id="composer_signature"><div dir="auto">Sent from my Galaxy</div>
        </div><div><br></div><div align="left"><div>-------- Original message --------</div><div>From: Ann
        &lt;ann@example.com&gt; </div><div>Date: 03/01/2022 10:00 (GMT+00:00) </div><div>To: jane@example.org </div>
        <div>Subject: Printer </div><div><br></div></div>OLD words""",
    "HEY": f"""<div class="trix-content"><div>It works.</div></div><br>{WROTE}<br><blockquote>
        <div class="trix-content">OLD words</div></blockquote>""",
    "Front": f"""<div>It works.</div><br><blockquote type="cite" class="front-blockquote"><div>{WROTE}</div>
        <div>OLD words</div></blockquote>""",
    "Spark": """<div name="messageBodySection"><div dir="auto">It works.</div></div><div name="messageReplySection">On
        3 Jan 2022, 10:00 +0100, Ann Example &lt;ann@example.com&gt;, wrote:<br><blockquote type="cite"
        class="spark_quote" style="border-left-color: grey; border-left-width: thin">OLD words</blockquote></div>""",
    "Spark on a telephone": """<div name="messageReplySection"><div>It works.</div><div dir="auto">On 3 Jan 2022, 10:00
        +0100, Ann Example &lt;ann@example.com&gt;, wrote:</div><blockquote style="border-left-width: thin;
        border-left-style: solid">OLD words</blockquote><blockquote style="border-left-width: thin;
        border-left-style: solid">OLD too</blockquote></div>""",
    "Zoho": """<div>It works.</div><div class="zmail_extra_hr" style="border-top: 1px solid rgb(204, 204, 204)"><br>
        </div><div class="zmail_extra"><div><br></div><div id="Zm-_Id_-Sgn1">---- On Mon, 03 Jan 2022 10:00:00 +0100
        <b>Ann Example &lt;ann@example.com&gt;</b> wrote ---<br></div><div><br></div><blockquote style="margin: 0px;"
        id="blockquote_zmail"><div>OLD words</div></blockquote></div>""",
    "QQ": """<div>It works.</div><div><div>------------------&nbsp;原始邮件&nbsp;------------------</div>
        <div style="background:#efefef;"><div><b>发件人:</b>&nbsp;"Ann" &lt;ann@example.com&gt;;</div><div>
        <b>发送时间:</b>&nbsp;2022年1月3日(星期一) 上午10:00</div><div><b>收件人:</b>&nbsp;"Jane"
        &lt;jane@example.org&gt;;</div><div><b>主题:</b>&nbsp;Printer</div></div><div>OLD words</div></div>""",
    "Foxmail": """<div>It works.</div><blockquote style="margin-top: 0px; margin-left: 0.5em;"><div>&nbsp;</div>
        <div style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm"><div><b>发件人：</b>
        ann@example.com</div><div><b>发送时间：</b> 2022-01-03 10:00</div><div><b>收件人：</b> jane</div>
        <div><b>主题：</b> Printer</div></div><div>OLD words</div></blockquote>""",
    "NetEase": """It works.<br><br>在 2022-01-03 10:00:00，"Ann" &lt;ann@example.com&gt; 写道：<br>
        <blockquote id="isReplyContent" style="BORDER-LEFT: #ccc 1px solid">OLD words</blockquote>""",
    "Mail.ru": """<div>It works.</div><blockquote style="border-left:1px solid #0857A6; margin:10px;">Понедельник, 3
        января 2022, 10:00 +03:00 от Ann Example &lt;ann@example.com&gt;:<br>&nbsp;<div>OLD words</div></blockquote>""",
    "Yandex": """<div>It works.</div><div> </div><div>03.01.2022, 10:00, "Ann Example" &lt;ann@example.com&gt;:</div>
        <blockquote><p>OLD words</p></blockquote>""",
    "Roundcube": f"""<p>It works.</p><p id="reply-intro">{WROTE}</p><blockquote type="cite">OLD words</blockquote>""",
}  # fmt: skip


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_program(source: str) -> None:
    """What the writer wrote is told from what the program added, in the text as in the display, and nothing is lost."""
    found = mail(source)
    assert found.reply == "It works."
    assert found.text.startswith("It works.")
    assert "OLD words" in " ".join(found.text.replace(">", " ").split())
    above, folded, below = found.html.partition("<details><summary>Show quoted text</summary>")
    assert "OLD" not in above or not folded
    assert "OLD" in " ".join((above + below).split())


@pytest.mark.parametrize("name", [n for n in PROGRAMS if n not in ("T-Online", "Lotus Notes", "Samsung", "QQ")])
def test_program_is_folded(name: str) -> None:
    """The display folds what a program marks as quoted, with the line above it."""
    above, folded, below = mail(PROGRAMS[name]).html.partition("<details><summary>Show quoted text</summary>")
    assert folded
    assert "Ann" not in above
    assert below.endswith("</details>")


@pytest.mark.parametrize(
    "source, reply",
    [
        ("<p>Your manual says:</p><blockquote>Press the red button.</blockquote>",
         "Your manual says:\n\nPress the red button."),
        ("<p>Your page says:</p><blockquote style='border-left:3px solid rgb(200,200,200)'>Press it.</blockquote>",
         "Your page says:\n\nPress it."),
        ("<p>One</p><hr><p>Two</p>", "One\n\nTwo"),
        ("<p>One</p><div style='border-top:solid #E1E1E1 1.0pt'>A box</div><p>Two</p>", "One\n\nA box\n\nTwo"),
        (f"<div class='moz-cite-prefix'>{WROTE}</div><blockquote type=cite>Which?</blockquote><p>The black one.</p>",
         "The black one."),
        (f"<div>{WROTE}</div><blockquote type=cite>Which?</blockquote><p>The black one.</p><blockquote type=cite>Room?"
         "</blockquote><p>Room 5.</p>", "> Which?\n\nThe black one.\n\n> Room?\n\nRoom 5."),
        ("<div id='mail-editor-reference-message-container'><p>On Mon, 9 Dec 2024 15:36:06, Ann &lt;ann@example.com&gt;"
         " wrote:</p><p>&gt; Which?</p><p>The black one.</p><p>&gt; Room?</p><p>Room 5.</p></div>",
         "> Which?\n\nThe black one.\n\n> Room?\n\nRoom 5."),
        ("<div>It works.</div><div>-- <br>Jane Doe<br>Example Ltd</div>", "It works."),
    ],
    ids=["a sentence", "a marked sentence", "a rule", "a box", "below", "between", "between, by hand", "signature"],
)  # fmt: skip
def test_own_words(source: str, reply: str) -> None:
    """What the writer quotes, draws, and writes below or between quotations stays."""
    assert mail(source).reply == reply


FORWARDS = {
    "Gmail": f"""<div dir="ltr">%s<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">---------- Forwarded
        message ---------<br>{FROM}<br></div><br><div>My phone is broken.</div></div></div>""",
    "Outlook": f"""<div class="WordSection1"><p {WORD}>%s</p><div><div style="{OUTLOOK_DIV}"><p {WORD}>{FROM}</p></div>
        </div><p {WORD}>My phone is broken.</p></div>""",
    "Apple Mail": f"""<div>%s<br><div>Begin forwarded message:</div><br><blockquote type="cite"><div>{FROM}</div><br>
        <div>My phone is broken.</div></blockquote></div>""",
    "Thunderbird": """<p>%s</p><div class="moz-forward-container">-------- Forwarded Message --------<table
        class="moz-email-headers-table"><tr><th>Subject: </th><td>Printer</td></tr><tr><th>Date: </th><td>Mon, 3 Jan
        2022</td></tr><tr><th>From: </th><td>Ann Example &lt;ann@example.com&gt;</td></tr><tr><th>To: </th><td>
        jane@example.org</td></tr></table><br>My phone is broken.</div>""",
}  # fmt: skip


@pytest.mark.parametrize("source", FORWARDS.values(), ids=FORWARDS.keys())
def test_passed_on(source: str) -> None:
    """A mail that is passed on without a word reads plainly; with words, they are the new ones."""
    bare, introduced = mail(source % "", "Fwd: Printer"), mail(source % "Please help her.", "Fwd: Printer")
    assert "My phone is broken." in bare.reply.splitlines()
    assert "<details>" not in bare.html
    assert introduced.reply == "Please help her."
    assert "My phone is broken." in introduced.text
    assert introduced.forwarded is not None
    assert introduced.forwarded.sender.address == "ann@example.com"


def test_nothing_but_a_quotation() -> None:
    """A quotation with nothing above it is marked, so that it gives no command, and is not folded."""
    found = mail(
        f"<div><br></div><div class=gmail_attr>{WROTE}</div><blockquote class=gmail_quote>#resolve</blockquote>"
    )
    assert found.text.endswith("> #resolve")
    assert "<details>" not in found.html


def test_depth() -> None:
    """Quotations in quotations have as many marks."""
    inner = f"<blockquote type=cite><div>{WROTE}</div>First</blockquote>"
    lines = mail(f"<p>Third</p><blockquote type=cite>Second{inner}</blockquote>").text.splitlines()
    assert lines[0] == "Third"
    assert "> Second" in lines
    assert ">> First" in lines


def test_words_below_a_quotation_are_not_folded() -> None:
    """Only what stands at the end is folded."""
    found = mail("<p>It works.</p><blockquote type=cite>OLD</blockquote><p>Thank you for that.</p>")
    assert "<details>" not in found.html
    assert "Thank you for that." in found.reply


def test_direction_is_kept() -> None:
    """A quotation in Hebrew still runs from right to left when it is folded."""
    found = mail("<div dir=rtl><p>שלום</p><blockquote type=cite>עולם</blockquote></div>").html
    assert found.endswith('</summary><div dir="rtl"><blockquote>עולם</blockquote></div></details>')


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_folding_is_kept(source: str) -> None:
    """What was cleaned and folded once stays as it is when it is cleaned again."""
    cleaned = html.sanitise(source)
    assert html.sanitise(cleaned) == cleaned


def test_nothing_but_the_line_above() -> None:
    """A quotation that holds only "Ann wrote:" is one quotation."""
    found = mail(f"<p>It works.</p><blockquote type=cite>{WROTE}</blockquote>")
    assert found.text.splitlines()[-1].startswith("> On Mon")
    assert found.reply == "It works."
