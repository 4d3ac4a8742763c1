"""HTML as text: what a reader sees, in lines, and nothing else."""

import pytest

from gateway import html


@pytest.mark.parametrize(
    "source, text",
    [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("<div>a</div><div><br></div><div>b</div><div>&nbsp;</div><div>c</div>", "a\n\nb\n\nc"),
        ("a &nbsp; b\n  c&nbsp;<b> d</b><i>e</i>", "a b c de"),
        ("<h1>Title</h1>text<hr>more", "Title\n\ntext\n\nmore"),
        ("<pre>\nx  y\n  z\n\nw</pre>", "x  y\n  z\n\nw"),
        ("<span style='white-space: pre-wrap'>x  y\n z</span>", "x  y\n z"),
        ("<title>no</title><style>p{}</style><script>no</script><!--[if mso]><p>no</p><![endif]-->yes", "yes"),
        ("<div style='display:none;max-height:0'>no</div><p style='max-height:0px;overflow:hidden'>no</p>yes", "yes"),
        ("<p dir=rtl>שלום עולם</p>", "שלום עולם"),
        ("日本　太郎", "日本　太郎"),
        ("<p class=MsoNormal>a<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>b</p>",
         "a\n\nb"),
        ("<p class=MsoNormal>a</p><p style='margin:0cm 0cm 0.0001pt'>b</p>", "a\nb"),
        ("text<br>-- <br>Jane Doe", "text\n-- \nJane Doe"),
        ("<q>a</q> b<sup>2</sup>", "a b2"),
        ('<?xml:namespace prefix = o ns = "urn:schemas-microsoft-com:office:office" />words<?v>', "words"),
    ],
)  # fmt: skip
def test_lines(source: str, text: str) -> None:
    """Paragraphs, breaks and spaces are those that HTML shows; what it hides is left out."""
    assert html.to_text(source) == text


@pytest.mark.parametrize(
    "source, text",
    [
        ("a<ul><li>b<li>c</ul>d", "a\n\n  * b\n  * c\n\nd"),
        ("<ol start=3><li>a<li value=7>b<li>c</ol>", "  3. a\n  7. b\n  8. c"),
        ("<ol type=a><li>x<li>y</ol>", "  a. x\n  b. y"),
        ("<ul><li>a<ol><li>b<br>c</ol><li>d</ul>", "  * a\n      1. b\n        c\n  * d"),
        ("<ul><li><p>a</p><p>b</p></ul>", "  * a\n\n    b"),
        ("<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><![if !supportLists]><span style='color:red'>"
         "<span style='mso-list:Ignore'>·<span>&nbsp;&nbsp; </span></span></span><![endif]>First<o:p></o:p></p>"
         "<p class=MsoListParagraph style='mso-list:l0 level2 lfo1'><span style='mso-list:Ignore'>2.<span>&nbsp; "
         "</span></span>Second</p><p class=MsoNormal>after</p>", "  * First\n      2. Second\nafter"),
    ],
    ids=["bullets", "numbers", "letters", "nested", "paragraphs", "Word"],
)  # fmt: skip
def test_lists(source: str, text: str) -> None:
    """Items have their bullets and numbers, also those of Word, and stand under what they belong to."""
    assert html.to_text(source) == text


@pytest.mark.parametrize(
    "source, text",
    [
        ("<table><tr><th>Name<th>Count<th>Note<tr><td>Apples<td>3<td><tr><td>Pears<td><td>ripe</table>",
         "Name    Count  Note\nApples  3\nPears          ripe"),
        ("<table><tr><td>Name:<td>Jane<tr><td>Telephone:<td>5</table>", "Name:       Jane\nTelephone:  5"),
        ("<table><tr><td><p>One</p><p>two</p><td>three<tr><td colspan=2>&nbsp;</table>", "One\n\ntwo\nthree"),
        (f"<table><tr><td>{'left ' * 20}<td>{'right ' * 20}</table>", f"{'left ' * 19}left\n{'right ' * 19}right"),
        ("<table><tr><td><table><tr><td>a<td>b</table></table>c", "a  b\nc"),
        ("<ul><li><table><tr><td>a</table></ul>", "  * a"),
    ],
    ids=["data", "form", "layout", "columns of text", "nested", "in a list"],
)  # fmt: skip
def test_tables(source: str, text: str) -> None:
    """Cells of data are kept apart, layout reads as text."""
    assert html.to_text(source) == text


@pytest.mark.parametrize(
    "source, text",
    [
        ('<a href="https://x.test/y?a=1&amp;b=2">here</a>', "here <https://x.test/y?a=1&b=2>"),
        ('<a href="https://www.x.test/">x.test</a> <a href="http://x.test/y">https://x.test/y</a>', "x.test https://x.test/y"),
        ('<a href="https://evil.test/">https://x.test/</a>', "https://x.test/ <https://evil.test/>"),
        ('<a href="mailto:ann@x.test?subject=y">Ann</a> <a href="mailto:ann@x.test">ann@x.test</a>',
         "Ann <ann@x.test> ann@x.test"),
        ('<a href="javascript:x">a</a> <a href="file:///c">b</a> <a href="/c">c</a> <a>d</a>', "a b c d"),
        ('<a href="https://x.test/"><img src="https://x.test/p" alt=""></a>', ""),
        (f'<a href="https://x.test/{"y" * 300}">here</a>', "here"),
        ('<a href="https://x.test/">a</a> <a href="https://x.test/">b</a>', "a <https://x.test/> b"),
        ('<a href="https://x.test/"><div>Button</div></a>', "Button <https://x.test/>"),
        ('<a href="https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fx.test%2Fy&data=05">'
         "https://x.test/y</a>", "https://x.test/y"),
        ("<img alt='Our logo'> <img alt='😀'><img alt='pixel' width=1 height=1><img alt='https://x.test'>",
         "[Our logo] 😀"),
    ],
)  # fmt: skip
def test_links_and_pictures(source: str, text: str) -> None:
    """A link names its target when its words do not; pictures say what they show, and pixels nothing."""
    assert html.to_text(source) == text


@pytest.mark.parametrize(
    "source",
    [
        "<title>the words", "<style>the words", "<textarea>the words", "<!-- the words", "<svg><title>the words",
        "<select><option>the words", "<xmp>the words", "<noscript>the words", "<iframe>the words",
        "<div style='color:red'" + " x" * 9000 + ">the words", "<div>" * 5000 + "the words", "the words\ud800",
        "<table><tr>the words", "<frameset><frame>the words", "</body></html>the words", "<a href='x'><b>the words",
    ],
)  # fmt: skip
def test_words_are_not_lost(source: str) -> None:
    """What no browser would show for want of a closing tag is read all the same."""
    assert "the words" in html.to_text(source)
