"""What a template may say, and what running it may cost.

Sources  Jinja 3.1 `ImmutableSandboxedEnvironment`; OWASP on server-side template injection.
         The language is a closed list (nodes, filters, tests, functions), so a way out of the sandbox would first have
         to be written in words that are not there: no methods, no macros, no includes, no `*`, `**`, `%`, `~`.
         Time and size are checked at every piece of output and each turn of a loop, also of one that prints nothing.
Not here  which template, which language (render.py), Markdown (markdown.py), what filters say (phrases.py).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, Template, nodes, pass_context
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.filters import FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS

from gateway.outgoing.header import clean_text
from gateway.outgoing.phrases import Phrases

# what a template can fail with, whatever it says; anything else is our bug
FAILURES = (
    TemplateError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, SyntaxError, TypeError,
    ValueError,
)  # fmt: skip

_MAX_SOURCE = 64 * 1024
_MAX_RANGE = 1000
_MAX_DEPTH = 8  # of values
_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Assign,
    nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword,
    nodes.Filter, nodes.Test, nodes.Getitem, nodes.Getattr, nodes.Slice, nodes.Call,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Neg, nodes.Pos,
)  # fmt: skip
_FILTERS = (
    "abs", "capitalize", "count", "default", "d", "first", "float", "int", "join", "last", "length", "list", "lower",
    "max", "min", "reverse", "round", "sort", "title", "trim", "truncate", "unique", "upper",
)  # fmt: skip
_TESTS = (
    "boolean", "defined", "divisibleby", "eq", "even", "ge", "gt", "in", "le", "lt", "mapping", "ne", "none", "number",
    "odd", "sequence", "string", "undefined",
)  # fmt: skip
_FUNCTIONS = ("button", "canned", "range")
_PHRASES_OF = ("when", "moment", "day", "hours", "plural", "duration", "money")  # in the mail's language
_WATCHED = "the turns of a loop"  # no name that a template could write
_BUDGET, _PHRASES = "_budget", "_phrases"

Finalize = Callable[[Context, object], object]


class Budget:
    """Time and characters that one rendering may take."""

    def __init__(self, monotonic: Callable[[], float], seconds: float, characters: int) -> None:
        self._monotonic, self._end, self._characters = monotonic, monotonic() + seconds, characters

    def check(self, characters: int = 0) -> None:
        """Go on with a text that is this long so far.

        Raises  SecurityError  the time is over, or the text too long
        """
        if characters > self._characters:
            raise SecurityError("the template writes too much")
        if self._monotonic() > self._end:
            raise SecurityError("the template takes too long")


class Sandbox:
    """Compiles templates of the closed language; `finalize` turns each value that is inserted into text."""

    def __init__(self, finalize: Finalize | None = None, *, html: bool = False) -> None:
        self._environment = _Environment(
            undefined=StrictUndefined,
            autoescape=html,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=None if finalize is None else pass_context(finalize),
        )
        self._environment.globals = {}
        self._environment.filters = {
            **{name: FILTERS[name] for name in _FILTERS},
            **{name: _phrase(name) for name in _PHRASES_OF},
            _WATCHED: _watched,
        }
        self._environment.tests = {name: TESTS[name] for name in _TESTS}

    def compile(self, source: str, name: str, plurals: frozenset[str] = frozenset()) -> Template:
        """The template, ready to run.

        plurals  the forms that its language has: `plural` gives all of them; without any it is not used
        Raises   TemplateError and others of FAILURES  it says something that is not in the language
        """
        if len(source) > _MAX_SOURCE:
            raise SecurityError("the template is too long")
        tree = self._environment.parse(source, name)
        _examine(tree, plurals)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, _WATCHED, [], [], None, None, lineno=loop.lineno)
        code = self._environment.compile(tree, name)
        return self._environment.template_class.from_code(self._environment, code, {})


def run(template: Template, values: Mapping[str, Any], budget: Budget, phrases: Phrases) -> str:
    """What the template writes, inside the budget.

    values   plain ones (see `plain`), and our own functions
    Raises   any of FAILURES
    """
    pieces, size = [], 0
    context = template.new_context({**values, "range": _range, _BUDGET: budget, _PHRASES: phrases}, shared=True)
    for piece in template.root_render_func(context):  # as `generate` does, without its copies of the values
        size += len(piece)
        budget.check(size)
        pieces.append(piece)
    return "".join(pieces)


def plain(value: object, depth: int = 0) -> Any:
    """The value as new text, numbers, lists and mappings: nothing with methods of ours reaches a template.

    Raises  TypeError  it is something else, or too deep: a bug of the caller
    """
    match value:
        case str():
            return clean_text(value)
        case None | int() | float():
            return value
        case _ if depth == _MAX_DEPTH:
            raise TypeError("values for a template are nested too deeply")
        case dict() | Mapping():
            return {str(k): plain(v, depth + 1) for k, v in value.items()}
        case tuple() | list():
            return [plain(v, depth + 1) for v in value]
    raise TypeError(f"a template gets no {type(value).__name__}")


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Only `+`, and not for ever longer texts."""
        if operator != "+":
            raise SecurityError(f"templates do not use {operator}")
        if not isinstance(left, int | float) and len(left) + len(right) > _MAX_SOURCE:
            raise SecurityError("the template joins too much")
        return left + right


def _examine(tree: nodes.Template, plurals: frozenset[str]) -> None:
    for node in tree.find_all(nodes.Node):
        problem = ""
        match node:
            case nodes.Name() if node.name.startswith("_") or node.name == "self":
                problem = node.name
            case nodes.Getattr() if node.attr.startswith("_"):
                problem = f".{node.attr}"
            case nodes.Call() if not isinstance(node.node, nodes.Name) or node.node.name not in _FUNCTIONS:
                problem = "a call"
            case nodes.Filter(name="plural") if not node.dyn_args and not node.dyn_kwargs:
                given = frozenset(form.key for form in node.kwargs)
                if given != plurals:
                    raise SecurityError(f"line {node.lineno}: plural has the forms {', '.join(sorted(plurals)) or '-'}")
            case nodes.Filter() if node.name not in _FILTERS + _PHRASES_OF or node.kwargs or _is_dynamic(node):
                problem = f"the filter {node.name}"
            case _ if not isinstance(node, (*_NODES, nodes.EvalContext, nodes.Helper)):
                problem = type(node).__name__
        if problem:
            raise SecurityError(f"line {node.lineno}: {problem} is not in the language of templates")


def _is_dynamic(node: nodes.Filter) -> bool:
    return node.dyn_args is not None or node.dyn_kwargs is not None


def _phrase(name: str) -> Callable[..., str]:
    """A filter that asks the phrases of the mail."""

    @pass_context
    def phrase(context: Context, value: Any, *arguments: Any, **forms: Any) -> str:
        said: str = getattr(context[_PHRASES], name)(value, *arguments, **forms)
        return said

    return phrase


@pass_context
def _watched(context: Context, items: Iterable[Any]) -> Iterator[Any]:
    budget: Budget = context[_BUDGET]
    for item in items:
        budget.check()
        yield item


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > _MAX_RANGE:
        raise SecurityError(f"range() gives at most {_MAX_RANGE} numbers")
    return numbers
