"""An operator's own templates: what ours do they may do, and none takes all the time or the memory there is."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest

from gateway.letter_sandbox import TemplateTooGreedy
from gateway.letter_templates import LetterTemplates
from store.database import Database
from tests.gateway import letter_world as world

_CONTEXT = {"entries": [{"text": "Hello"}], "name": "Jane", "mark": "<b>"}
_MANY = "{% for i in range(60) %}"
_LONG = "{% set b = 'a'.ljust(100000) %}"
_LOTS = "range(100000)|map(attribute='no', default=b)"  # the same long text, again and again


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """The sample desk."""
    made = world.database(tmp_path)
    yield made
    made.close()


def render(tmp_path: Path, source: str, name: str = "sign_in_link/subject.txt") -> str:
    """Render an operator's template."""
    file = tmp_path / name
    file.parent.mkdir()
    file.write_text(source, encoding="utf-8")
    return LetterTemplates(world.TEMPLATES, tmp_path).render(name, _CONTEXT)


@pytest.mark.parametrize(
    "source",
    [
        "{% set r = range(99999) %}{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) if b < 0 %}{% endfor %}{% endfor %}",
        _LONG + "{% for a in b %}{% for c in b %}{% endfor %}{% endfor %}",
        "{% set r = range(99999) %}{% for a in r recursive %}{{ loop(r) if loop.depth < 3 }}{% endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% set r = range(99999)|list %}{{ range(99999)|select('in', r)|list|length }}",
        "{% for a in range(99999) %}{% set x = range(99999)|sum %}{% endfor %}",
    ],
)
def test_it_ends(tmp_path: Path, source: str) -> None:
    """However its loops are nested, whether they write anything or not."""
    with pytest.raises(TemplateTooGreedy):
        render(tmp_path, source)


@pytest.mark.parametrize(
    "source",
    [
        "{% set n = namespace(x='aaaaaaaa') %}" + _MANY + "{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x='aaaaaaaa') %}" + _MANY + "{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}" + _MANY + "{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}" + _MANY + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
        "{% set n = namespace(x=1) %}" + _MANY + "{% set n.x = {'a': n.x, 'b': n.x} %}{% endfor %}{{ n.x }}",
        "{% set n = namespace(x=1) %}" + _MANY + "{% set n.x = dict(a=n.x, b=n.x) %}{% endfor %}{{ n.x }}",
        "{% set n = namespace(x=1) %}" + _MANY + "{% set n.x = namespace(a=n.x, b=n.x) %}{% endfor %}{{ n.x }}",
        "{% set n = namespace() %}{% set m = namespace() %}{% set n.a = m %}{{ n }}",
        "{% set n = namespace(x=99) %}" + _MANY + "{% set n.x = n.x * n.x %}{% endfor %}",
        "{% set n = namespace(x=[]) %}" + _LONG + _MANY + "{% set n.x = n.x + [b[i:]] %}{% endfor %}",
        "{% set x %}" + _LONG + "{% for i in range(99999) %}{{ b }}{% endfor %}{% endset %}",
        _LONG + "{% set x %}{% trans b=b %}" + "{{ b }}" * 100 + "{% endtrans %}{% endset %}",
        _LONG + "{{ " + _LOTS + "|join }}",
        _LONG + "{{ " + _LOTS + "|sort|length }}",
        _LONG + "{{ " + _LOTS + "|map('upper')|list|length }}",
        _LONG + "{{ range(99999)|join(b) }}",
        _LONG + "{{ b.join(range(99999)|map('string')) }}",
        _LONG + "{{ b|replace(' ', b) }}",
        _LONG + "{{ b.replace(' ', b) }}",
        _LONG + "{{ b.translate({32: b}) }}",
        "{{ 'a'|center(3000000000) }}",
        "{{ ['a']|map('center', 3000000000)|list }}",
        "{% filter center(3000000000) %}a{% endfilter %}",
        "{{ 'a\n\n'|indent(3000000000) }}",
        "{{ [1]|batch(3000000000, 'x')|list }}",
        "{{ [1]|slice(3000000000)|list }}",
        "{{ 1|round(3000000000, 'ceil') }}",
        "{{ 'a'.ljust(3000000000) }}",
        "{{ 'a'.center(3000000000) }}",
        "{{ 'a'.zfill(3000000000) }}",
        "{{ '\t'.expandtabs(3000000000) }}",
        "{{ (1).to_bytes(3000000000) }}",
        "{{ '{:3000000000}'.format(1) }}",
        "{{ '{x:3000000000}'.format_map({'x': 1}) }}",
        "{{ '%3000000000d' % 1 }}",
        "{{ 9 ** 9 ** 9 }}",
    ],
)
def test_it_cannot_fill_the_memory(tmp_path: Path, source: str) -> None:
    """By texts that double, by widths, by lists in lists, by numbers."""
    with pytest.raises(TemplateTooGreedy):
        render(tmp_path, source)


@pytest.mark.parametrize("name", ["format", "pprint", "striptags", "tojson", "urlize", "wordwrap", "xmlattr"])
def test_filters_that_are_not_there(tmp_path: Path, name: str) -> None:
    """Those that no letter needs are named as unknown."""
    with pytest.raises(jinja2.TemplateAssertionError, match=f"No filter named '{name}'"):
        render(tmp_path, f"{{{{ name|{name} }}}}")


@pytest.mark.parametrize(
    "source, written",
    [
        ("{{ name|upper|center(10) }}|{{ name.ljust(6) }}|", "   JANE   |Jane  |"),
        ("{{ 'a' ~ 1 ~ name }} {{ 'a' + 'b' }} {{ 7 % 4 * 2 }}", "a1Jane ab 6"),
        ("{% for a, b in {'x': 1}.items() %}{{ loop.length }}{{ loop.last }}{{ a }}{{ b }}{% endfor %}", "1Truex1"),
        ("{% for a in range(9) if a > 6 %}{{ loop.index }}{{ a }}{% else %}none{% endfor %}", "1728"),
        ("{% for a in [[1], []] recursive %}({{ loop(a) if a is iterable else a }}){% endfor %}", "((1))()"),
        ("{{ ['b', 'a']|sort|map('upper')|join(', ') }} {{ [1, 2, 3][1:]|sum }} {{ 3.14159|round(2) }}", "A, B 5 3.14"),
        ("{{ entries|map(attribute='text')|first|replace('ll', 'LL')|truncate(4, true, '', 0) }}", "HeLL"),
        ("{% set n = namespace(x=0) %}{% for i in [1, 2] %}{% set n.x = n.x + i %}{% endfor %}{{ n.x }}", "3"),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{% set y %}{{ m(1) }}{% endset %}{% set p, q = y, 2 %}{{ p ~ q }}",
         "<1>2"),
        ("{{ none|default('-', true) }} {{ [1, 'a'] }} {{ 1234567890|filesizeformat }} {{ 'a' in 'abc' }}",
         "- [1, 'a'] 1.2 GB True"),
    ],
)  # fmt: skip
def test_what_templates_usually_do(tmp_path: Path, source: str, written: str) -> None:
    """All of it works as it does elsewhere."""
    assert render(tmp_path, source) == written


def test_text_stays_escaped(tmp_path: Path) -> None:
    """In HTML, what is put together is escaped as without the sandbox."""
    source = "{{ mark ~ 1 }}{% set x %}<i>{{ mark ~ 2 }}</i>{% endset %}{{ x ~ mark }}"
    written = render(tmp_path, source, "update/body.html")
    assert written.startswith("&lt;b&gt;1<i>&lt;b&gt;2</i>&lt;b&gt;")


def test_all_of_our_templates_are_the_same_in_it(base: Database, tmp_path: Path) -> None:
    """Whoever copies them to change one word has all letters as they were."""
    own = tmp_path / "own"
    shutil.copytree(world.TEMPLATES, own)
    ids = world.every_kind(base)
    plain, sandboxed = world.composer(), world.composer(overrides=own)
    for name, row_id in ids.items():
        ours, theirs = (world.render(base, row_id, by=by)[0] for by in (plain, sandboxed))
        assert ours.bytes == theirs.bytes, name
