"""The four failures, drawn as a tree: which status a peer may see, and who still has the mail.

Sources  RFC 3463 (enhanced status codes), RFC 5321 §4.2 (replies), sysexits.h (exit codes).
         An unknown exception is transient before the 250, poison after it, never 5xx; its text never reaches
         the peer. Expected outcomes are values, not exceptions.
"""

from dataclasses import dataclass
from typing import Literal


class GatewayError(Exception):
    """A failure we understand. `text` is safe for the peer and the operator; the cause hangs on `__cause__`."""

    code = 451
    status = "4.3.0"
    exit_code = 75

    def __init__(self, text: str, *, code: int | None = None, status: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = self.code if code is None else code
        self.status = self.status if status is None else status

    @property
    def reply(self) -> str:
        """The SMTP reply line, without line end (RFC 5321 §4.2, RFC 2034)."""
        return f"{self.code} {self.status} {self.text}"


class TransientError(GatewayError):
    """The same work may succeed later; before the 250 the sender keeps the mail, after it we do."""


class PermanentError(GatewayError):
    """This request is refused and always will be; the sender keeps the mail."""

    code = 550
    status = "5.7.1"
    exit_code = 65


class PoisonError(GatewayError):
    """Accepted mail that our code cannot process. We keep it; nobody outside hears of it."""

    code = 0
    exit_code = 70


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in a configuration or rule file. Line and column count from 1; 0 means the whole file."""

    file: str
    line: int
    column: int
    code: str
    text: str
    hint: str = ""
    source: str = ""  # the line of the file, for the caret
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"
        lines = [f"{place if self.line else self.file}: {self.severity} {self.code}: {self.text}"]
        if self.source and self.column:
            cut = len(self.source) - len(self.source.lstrip())
            indent = cut or 4
            lines.append(" " * indent + self.source.strip())
            lines.append(" " * (indent + self.column - 1 - cut) + "^" + (f"  {self.hint}" if self.hint else ""))
        elif self.hint:
            lines.append(f"    {self.hint}")
        return "\n".join(lines)


class ConfigError(GatewayError):
    """The configuration or the rules are wrong: refuse to start, or keep what is loaded. Nothing was accepted."""

    exit_code = 78

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = problems
