"""HTML that is made to harm: nothing of it runs, loads, asks, covers or takes time, folded or not."""

import re
from collections.abc import Callable

import pytest

from gateway import html
from tests.counting import calls, calls_of

BAD = {
    "code": r"<\s*(?:script|iframe|object|embed|applet|svg|math|template|noscript|xmp)|srcdoc",
    "handler": r"<[^>]+\son\w+\s*=",
    "scheme": r"(?:href|src|action|formaction)\s*=\s*[\"']?[\s\x00-\x20]*(?:javascript|vbscript|data|file|//)",
    "remote": r"(?:src|srcset|poster|background|lowsrc|ping|cite|data)\s*=\s*[\"']?\s*(?:https?:)?//|url\(|@import",
    "form": r"<\s*(?:form|input|button|textarea|select)\b",
    "page": r"<\s*(?:meta|base|link|style|title|plaintext|body|html)\b",
    "cover": r"position|z-index|inset|transform|display|opacity|margin",
    "hook": r"<[^>]*\s(?:id|class|name|data-[\w-]+|hx-[\w-]+|x-[\w-]+|v-[\w-]+|target|open)\s*=",
}
ATTACKS = [
    "<script>alert(1)</script>", "<ScRiPt>alert(1)</sCrIpT>", "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>",
    '<svg><a><animate attributeName=href values="javascript:alert(1)"/><text y=20>x</text></a></svg>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<template><s><template><s><img src=x onerror=alert(1)>@x</s></template></s></template>",
    "<!--><img src=x onerror=alert(1)>-->", "<svg><![CDATA[><img src=x onerror=alert(1)>]]></svg>",
    '<xmp><p title="</xmp><img src=x onerror=alert(1)>">', "<title><img src=x onerror=alert(1)></title>",
    '<a href="javascript:alert(1)">x</a>', '<a href="java\tscript:alert(1)">x</a>',
    '<a href="&#106;avascript&colon;alert(1)">x</a>', '<a href="\x01javascript:alert(1)">x</a>',
    '<a href="data:text/html,x">x</a>', '<a href="vbscript:x">x</a>', '<a href="file:///etc/passwd">x</a>',
    '<a href="//evil.test">x</a>', '<a href="/\\evil.test">x</a>',
    '<a href="https://x.test" target=_blank ping="//e">x</a>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>', '<object data="//e/x.swf"></object>', "<embed src=//e/x>",
    '<form action="https://evil.test"><input name=password type=password><button formaction=//e>x</button></form>',
    '<meta http-equiv=refresh content="0;url=//e">', '<base href="//evil.test">',
    '<link rel=stylesheet href="//e/x.css">',
    "<style>@import '//e/x.css';p{background:url(//e)}</style>", '<p style="background:url(https://evil.test/t)">x</p>',
    '<p style="background:u\\72l(//e)">x</p>', "<p style=\"background:image-set('//e' 1x)\">x</p>",
    '<p style="--x:url(//e);background:var(--x)">x</p>', '<p style="width:expression(alert(1))">x</p>',
    '<div style="position:fixed;inset:0;z-index:9;background:#fff">Sign in at evil.test</div>',
    '<div style="margin-top:-999px;opacity:0;transform:scale(9)">x</div>',
    '<div id=a class="b" name=c data-x=1 hx-get="/x" x-init=y v-html=z>x</div>',
    "<a id=csrf_token name=csrf_token></a>",
    '<img src="https://evil.test/p">', '<img src="//evil.test/p">', '<img srcset="//e/p 1x">', '<img lowsrc="//e/p">',
    '<picture><source srcset="//e/p"><img></picture>', '<video poster="//e/p" src="//e/v"></video>',
    '<table background="//e/p"><tr><td background="//e/q">x</table>', '<img src="cid:../../admin">',
    '<img src="data:image/svg+xml,<svg onload=alert(1)>">', '<blockquote type=cite cite="https://evil.test/p">x</blockquote>',
    "<details open ontoggle=alert(1)><summary>x</summary>y</details>", "<plaintext>the rest", "<textarea>the rest",
    "</div></div></main></body></html><h1>outside</h1>", '<a title="', "<scr\x00ipt>alert(1)</scr\x00ipt>",
    '<p title="<img src=x onerror=alert(1)>">x</p>', "</details><script>alert(1)</script>",
    "<details><summary>Show quoted text</summary><script>alert(1)</script><img src=//e></details>",
]  # fmt: skip
BEFORE = {
    "alone": "",
    "in a quotation": "<p>own</p><blockquote type=cite>",
    "below a header": "<p>own</p><hr tabindex=-1><div id=divRplyFwdMsg>From: ann@example.com</div>",
    "above a quotation": "<p>own</p><div class=gmail_quote>%s</div><blockquote type=cite>old</blockquote>",
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE.keys())
@pytest.mark.parametrize("attack", ATTACKS)
def test_harmless(attack: str, before: str) -> None:
    """Only our own folding comes out, and cleaning it once more changes nothing."""
    cleaned = html.sanitise(html.trim(before % attack if "%s" in before else before + attack))
    shown = re.sub(r' title="[^"]*"', "", cleaned).replace("<details><summary>Show quoted text</summary>", "", 1)
    assert [name for name, found in BAD.items() if re.search(found, shown, re.IGNORECASE)] == []
    assert "<details" not in shown
    assert html.sanitise(cleaned) == cleaned


def test_own_pictures_are_shown() -> None:
    """A picture of the mail itself stays, in the folded part too."""
    cleaned = html.sanitise(
        '<p>own<img src="cid:a@x.test"></p><blockquote type=cite><img src="cid:b@x.test"></blockquote>'
    )
    assert 'src="cid:a@x.test"' in cleaned
    assert 'src="cid:b@x.test"' in cleaned.partition("<details>")[2]


BIG: dict[str, Callable[[], str]] = {
    "ampersands": lambda: "&" * 1_000_000,
    "entities": lambda: "&lt;" * 59_000,
    "div": lambda: "<div>" * 100_000,
    "blockquote": lambda: "<blockquote>" * 100_000,
    "blockquotes": lambda: "<blockquote></blockquote>" * 20_000,
    "tags never closed": lambda: "<a " * 160_000,
    "formatting opened again": lambda: (
        "<div>" + "".join(f"<font color=#{n:06x}>" for n in range(400)) + "</div>" + "<p>x</p>" * 20_000
    ),
    "comments": lambda: "<!-- " * 100_000,
    "attributes": lambda: "<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">x",
    "options": lambda: "<select>" + "<option>" * 50_000,
    "styles": lambda: "<style>" + "a{b:c}" * 80_000,
    "scripts": lambda: "<script " * 60_000,
    "rows": lambda: "<table>" + "<tr><td>a<td>b" * 20_000,
    "cells": lambda: "<table><tr>" + "<td>a" * 60_000,
    "tables": lambda: "<table><tr><td>" * 160 + "<p>y</p>" * 20_000,
    "lists": lambda: "<ul>" * 400 + "<li>x" * 50_000,
    "Gmail in Gmail": lambda: "<div class=gmail_quote>" * 490 + "<blockquote></blockquote>" * 15_000,
    "Outlook headers": lambda: '<div style="border-top:solid #E1E1E1 1.0pt">From: a<br>To: b</div>' * 7_000,
    "rules": lambda: "<hr tabindex=-1>" * 30_000,
    "lines above": lambda: "<p>On Monday 3 Jan 2022, ann wrote:</p><blockquote>x</blockquote>" * 7_000,
    "empty ends": lambda: "<div>" * 490 + "x<blockquote type=cite>y</blockquote>" + "<i></i>" * 40_000,
    "hidden": lambda: "<p style='" + "max-height:0;" * 1_200 + "'>x" * 30,
}


@pytest.mark.timeout(300)  # what hangs in C makes no calls that could be counted
@pytest.mark.parametrize("made", BIG.values(), ids=BIG.keys())
def test_work_grows_with_the_length_alone(made: Callable[[], str]) -> None:
    """No HTML is much work to read, however it is built: the densest made to harm takes 32 calls a character."""
    source = html.trim(made())
    assert calls_of(lambda: (html.to_text(source), html.sanitise(source))) < 60 * len(source) + 20_000


def test_usual_mail_is_little_work() -> None:
    """Four kilobytes of HTML are read, marked, folded and cleaned with few calls."""
    row = "<tr><td style='padding:12px;color:#333'>Thank you for your mail, we <b>look</b>.</td><td>&nbsp;</td></tr>"
    quoted = f"<blockquote type=cite><table>{row * 30}</table></blockquote>"
    source = f"<p>It works.</p><div>On Mon, 3 Jan 2022 at 10:00, Ann wrote:</div>{quoted}"
    with calls() as counted:
        text, cleaned = html.to_text(source), html.sanitise(source)
    assert text.startswith("It works")
    assert cleaned.endswith("</details>")
    assert counted.count < 12 * len(source), counted.count
