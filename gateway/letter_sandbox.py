"""The sandbox of operators' own templates: no Python internals, and bounds on the time and the memory they take."""

import functools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set, Sized
from types import BuiltinMethodType, MethodType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.environment import TemplateModule
from jinja2.runtime import LoopContext, markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from gateway.letter_compiled import Fixed

MAX_SECONDS = 2.0  # for one piece of an operator's template
MAX_CHARACTERS = 500_000  # that it writes
MAX_WORK = 3_000_000  # characters and values that it handles on the way
_TURN = 10  # what a turn of a loop costs of them: it may write something each time
_MAX_BITS = 10_000  # of a number
# Filters and methods that may write as much as the product of what they are given: texts, lists and widths.
_GROWING = frozenset(
    "batch center expandtabs hex indent join ljust replace rjust round slice to_bytes translate zfill".split()
)
# Filters of which there is no telling beforehand what they take; no letter needs them.
_NOT_HERE = ("format", "pprint", "striptags", "tojson", "urlize", "wordwrap", "xmlattr")


class TemplateTooGreedy(Exception):
    """An operator's template took too long, or wrote too much."""


class Sandbox(Fixed, ImmutableSandboxedEnvironment):
    """For operators' templates: they change nothing, reach no Python internals, and end in time.

    What a template does is paid for in characters and values, before it is done where that could be much.
    """

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "**", "%"})
    deadline = 0.0
    left = 0

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        del self.globals["lipsum"]
        tables: tuple[dict[str, Any], ...] = (self.filters, self.tests)
        for table in tables:
            table.update({name: self._paid(name, function) for name, function in table.items()})
        for name in _NOT_HERE:
            del self.filters[name]
        self.filters.update(_turns=self._turns, _joined=self._joined(), _made=self._made)
        self.finalize = self._written

    def begin(self) -> None:
        """Another piece, with all there is to spend."""
        self.deadline, self.left = time.monotonic() + MAX_SECONDS, MAX_WORK

    def pay(self, cost: int) -> None:
        """Raise once the time is over, or more was done than a letter needs."""
        self.left -= cost
        if self.left < 0:
            raise TemplateTooGreedy(f"a template handled more than {MAX_WORK:,} characters and values")
        if time.monotonic() > self.deadline:
            raise TemplateTooGreedy(f"a template ran for more than {MAX_SECONDS:g} s")

    def call(self, context: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Every call pays; that of a method for the text or number as well that it is a method of."""
        if isinstance(function, (MethodType, BuiltinMethodType)):
            given, kwargs = self._before(function.__name__, (function.__self__, *args), kwargs)
            args = given[1:]
        self.pay(1)
        return self._result(super().call(context, function, *args, **kwargs))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Numbers are reckoned with, texts and lists put together; a text repeated a billion times is not."""
        if not isinstance(left, (int, float)) or not isinstance(right, (int, float)) or operator == "**":
            if operator in {"*", "**", "%"}:
                raise TemplateTooGreedy(f"the operator {operator} is for numbers only")
        elif any(isinstance(one, int) and one.bit_length() > _MAX_BITS for one in (left, right)):
            raise TemplateTooGreedy("a number has too many digits")
        self.pay(1 + weight(left) + weight(right))
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """No text is a format: a place with a width would write a billion spaces."""
        if super().wrap_str_format(value) is not None:
            raise TemplateTooGreedy("texts are put together with ~, not with format")
        return None

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        found: nodes.Template = _Payments().visit(super()._parse(source, name, filename))
        found.set_environment(self)
        return found

    def _paid(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter or a test that pays for what it is given, and for what comes of it."""
        passed = 1 if hasattr(function, "jinja_pass_arg") else 0  # the context, before the value

        @functools.wraps(function)
        def paying(*args: Any, **kwargs: Any) -> Any:
            given, kwargs = self._before(name, args[passed:], kwargs)
            return self._result(function(*args[:passed], *given, **kwargs))

        return paying

    def _before(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Pay for a filter or a method; its arguments come back as it may have them."""
        grows = name in _GROWING
        args = tuple(self._watched(one, at_once=grows) for one in args)
        kwargs = {key: self._watched(one, at_once=grows) for key, one in kwargs.items()}
        given = (*args, *kwargs.values())
        if not grows:
            self.pay(1 + sum(map(weight, given)))
            return args, kwargs
        product = 1
        for place, one in enumerate(given):
            if name == "replace" and place == 1:  # what is replaced is not written
                continue
            size = abs(int(one)) if place and isinstance(one, (int, float)) else weight(one)
            product *= min(max(size, 1), MAX_WORK + 1)
        self.pay(product)
        return args, kwargs

    def _result(self, value: Any) -> Any:
        value = self._watched(value)
        self.pay(weight(value))
        return value

    def _watched(self, value: Any, *, at_once: bool = False) -> Any:
        """What is made while it is read pays as it is read; at once where its size must be known."""
        if not isinstance(value, Iterator) or isinstance(value, LoopContext):
            return value
        return list(self._turns(value)) if at_once else self._turns(value)

    def _turns(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            self.pay(_TURN + weight(value))
            yield value

    def _joined(self) -> Callable[..., str]:
        @jinja2.pass_eval_context
        def joined(eval_ctx: nodes.EvalContext, values: Sequence[Any]) -> str:
            self.pay(sum(whole_weight(value) for value in values))
            return (markup_join if eval_ctx.autoescape else str_join)(values)

        return joined

    def _made(self, value: Any) -> Any:
        """A list that a template writes, or a value that it keeps in a namespace."""
        if isinstance(value, Namespace):
            raise TemplateTooGreedy(_ONE_IN_ANOTHER)
        self.pay(1 + whole_weight(value))
        return value

    def concat(self, pieces: Iterable[str], /) -> str:
        """What Jinja puts the pieces of a macro or a block together with."""
        found = []
        for piece in pieces:
            self.pay(len(piece))
            found.append(piece)
        return "".join(found)

    def _written(self, value: Any) -> Any:
        """What is about to be written; a text is counted where it is."""
        if not isinstance(value, (str, int, float)):
            self.pay(whole_weight(value))
        return value


class _Payments(NodeTransformer):
    """Has a template pay for what Jinja does without a call: loops, lists, slices, ~."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        """Each turn of a loop."""
        self.generic_visit(node)
        node.iter = _through("_turns", node.iter)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        """Texts that are put together."""
        self.generic_visit(node)
        return _through("_joined", nodes.List(node.nodes, lineno=node.lineno))

    def visit_List(self, node: nodes.List) -> nodes.Node:
        """A list that holds another twice is soon a long one."""
        return _through("_made", self.generic_visit(node))

    visit_Dict = visit_List

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        """The same; not where values are given names."""
        self.generic_visit(node)
        return _through("_made", node) if node.ctx == "load" else node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        """A part of a text or a list is a copy."""
        self.generic_visit(node)
        return _through("_made", node) if isinstance(node.arg, nodes.Slice) else node

    def visit_Assign(self, node: nodes.Assign) -> nodes.Node:
        """What a namespace keeps."""
        self.generic_visit(node)
        if isinstance(node.target, nodes.NSRef):
            node.node = _through("_made", node.node)
        return node


def _through(name: str, node: Any) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


_ONE_IN_ANOTHER = "a namespace holds no other, and no list holds one"


def weight(value: Any) -> int:
    """The characters and values in something, not counting those in what it holds."""
    if isinstance(value, (str, bytes)):
        return len(value)
    if isinstance(value, (list, tuple, Set)):
        return len(value) + sum(map(_light, value))
    if isinstance(value, Mapping):
        return len(value) + sum(_light(key) + _light(one) for key, one in value.items())
    if isinstance(value, (Namespace, TemplateModule)):
        return whole_weight(value)
    return len(value) if isinstance(value, Sized) and not isinstance(value, (jinja2.Undefined, LoopContext)) else 0


def _light(value: Any) -> int:
    if isinstance(value, Namespace):
        raise TemplateTooGreedy(_ONE_IN_ANOTHER)
    return len(value) if isinstance(value, (str, bytes)) else 0


def whole_weight(value: Any) -> int:
    """The characters and values in something as it is written, no further than anybody may write."""
    found, waiting = 0, [value]
    while waiting and found <= MAX_WORK:
        one = waiting.pop()
        if isinstance(one, TemplateModule):
            raise TemplateTooGreedy("an imported template is no text")
        if isinstance(one, Namespace):
            one = object.__getattribute__(one, "_Namespace__attrs")
        found += 1 + weight(one)
        if isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, (list, tuple, Set)):
            waiting += (inner for inner in one if not isinstance(inner, (str, bytes, int, float)))
    return found
