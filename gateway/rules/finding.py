"""One finding of a lint, and where it stands."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.rules.types import Rule, Test


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding in one of the files of a revision; line 0 is the file as a whole."""

    source: str
    line: int
    column: int
    code: str
    text: str
    hint: str = ""

    @staticmethod
    def of_rule(rule: Rule) -> "Callable[..., Finding]":
        """Makes findings that stand at the id of a rule: code, text and hint are to be given."""
        return lambda code, text, hint="": Finding(rule.source, rule.line, rule.column, code, text, hint)

    @staticmethod
    def of_test(test: Test, rule: Rule) -> "Callable[..., Finding]":
        """Makes findings that stand at a test."""
        return lambda code, text, hint="": Finding(rule.source, test.line, test.column, code, text, hint)
