"""`{{ … }}` in the strings of an action: names and filters, compiled when the file is loaded.

Sources  rules.md §1; Jinja 3.1 (sandbox, StrictUndefined).
         Text of a mail is never a template: what is put in place of a name is not read again. The result has at most
         1 KiB and no control characters.
Not here which actions take it (actions.py), where the values come from (evaluate.py), templates of mails (outgoing/).
"""

import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import TemplateError, UndefinedError
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from gateway.rules.types import ALIASES, REGISTRY, Value

MAX_OCTETS = 1024
FILTER_NAMES = (
    "capitalize",
    "default",
    "first",
    "int",
    "join",
    "last",
    "length",
    "lower",
    "title",
    "trim",
    "truncate",
    "upper",
)
CAPTURES = "captures."

_ALLOWED = (nodes.Output, nodes.TemplateData, nodes.Const)


class _Environment(ImmutableSandboxedEnvironment):
    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
        self.globals = {}
        self.tests = {}
        self.filters = {name: FILTERS[name] for name in FILTER_NAMES}


_ENVIRONMENT = _Environment()


@dataclass(frozen=True, slots=True)
class Filling:
    """A string with `{{ … }}` in it, compiled."""

    source: str
    names: tuple[str, ...]  # dotted, as they stand there
    _template: Any

    def filled(self, value_of: Callable[[str], Value]) -> str:
        """The string with every name replaced.

        value_of  gives a fact or a capture by its name; None is absent
        Raises    ValueError  a value is absent, or does not go with its filter
        """
        values = {name: value_of(name) for name in self.names}
        context = {f"v{i}": v for i, v in enumerate(map(_plain, values.values())) if v is not None}
        try:
            return cleaned(self._template.render(context))
        except UndefinedError as e:
            missing = next(name for name, value in values.items() if value is None)
            raise ValueError(f"{missing} has no value") from e
        except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError) as e:
            raise ValueError(f"“{self.source[:40]}”: {e}") from e


def is_template(text: str) -> bool:
    """Whether the text is more than itself: it opens something of Jinja."""
    return any(mark in text for mark in ("{{", "{%", "{#"))


@lru_cache(maxsize=4096)
def compiled(source: str) -> Filling:
    """The string, ready to be filled.

    Raises  ValueError  with words for what is wrong; names that nobody knows are the caller's to find
    """
    reading = _OneName()
    try:
        tree = reading.visit(_ENVIRONMENT.parse(source))
        code = _ENVIRONMENT.compile(tree)
    except TemplateError as e:
        raise ValueError(str(e)) from e
    template = _ENVIRONMENT.template_class.from_code(_ENVIRONMENT, code, {})
    return Filling(source, tuple(reading.names), template)


def known(name: str, captures: Collection[str], fields: Collection[str], customer: Collection[str]) -> bool:
    """Whether there is such a value, in some event.

    fields, customer  what stands after `ticket.field.`, and what look-ups give after `customer.`
    """
    if name.startswith(CAPTURES):
        return name.removeprefix(CAPTURES) in captures
    if name.startswith("ticket.field."):
        return name.removeprefix("ticket.field.") in fields
    if name.startswith("customer.") and name.removeprefix("customer.") in customer:
        return True
    info = REGISTRY.get(ALIASES.get(name, name))
    return name.startswith("headers.") or (info is not None and info.type != "pairs")


def cleaned(text: str) -> str:
    """At most 1 KiB, without control characters; line ends stay."""
    text = text.encode("utf-8", "replace")[:MAX_OCTETS].decode("utf-8", "ignore")
    return "".join(
        " " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c != "\n" else c for c in text
    ).strip()


class _OneName(NodeTransformer):
    """Makes one plain name of each dotted one, so that `language` may stand beside `language.confidence`."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def visit_Template(self, node: nodes.Template) -> nodes.Node:  # noqa: N802  (Jinja calls it)
        return self.generic_visit(node)

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802
        return self._known(node)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        return self._known(node)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        if node.name not in FILTER_NAMES:
            raise TemplateError(f"no filter “{node.name}”; there are: {', '.join(FILTER_NAMES)}")
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise TemplateError(f"filter “{node.name}” takes plain values only")
        return self.generic_visit(node)

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        if not isinstance(node, (nodes.Template, nodes.Filter, *_ALLOWED)):
            raise TemplateError(f"names and filters only, no {type(node).__name__.lower()}")
        return super().generic_visit(node, *args, **kwargs)

    def _known(self, node: nodes.Name | nodes.Getattr) -> nodes.Node:
        made = self.names.setdefault(_dotted(node), f"v{len(self.names)}")
        return nodes.Name(made, "load", lineno=node.lineno)


def _dotted(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{_dotted(node.node)}.{node.attr}"
    raise TemplateError("names and filters only")


def _plain(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value
