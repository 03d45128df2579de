"""How far long work is: a bar on a terminal, else a line for each tenth or ten seconds; on stderr, never in results."""

import sys

import click

from gateway.cli.declare import Invocation

_BAR = 20
_EVERY_S = 0.1  # a terminal
_LINE_S = 10.0


class Progress:
    """Work of so many steps."""

    def __init__(self, invocation: Invocation, name: str, total: int, unit: str) -> None:
        self._name, self._total, self._unit = name, total, unit
        self._quiet, self._terminal = invocation.quiet, sys.stderr.isatty()
        self._now = invocation.clock.monotonic
        self._begun = self._told = self._now()
        self._done = self._told_at = 0

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        if self._quiet or self._done >= self._total:
            return
        now = self._now()
        if self._terminal and now - self._told >= _EVERY_S:
            self._told = now
            click.echo(f"\r{self.bar()}", err=True, nl=False)
        elif not self._terminal and (
            now - self._told >= _LINE_S or ((self._done - self._told_at) * 10 >= self._total and now - self._told >= 1)
        ):
            self._told, self._told_at = now, self._done
            click.echo(self._line(now), err=True)

    def end(self) -> None:
        """Take the bar away: what comes next is the result."""
        if self._terminal and not self._quiet:
            click.echo("\r\x1b[K", err=True, nl=False)

    def bar(self) -> str:
        """How far it is, and how long it took."""
        filled = _BAR * self._done // self._total if self._total else _BAR
        took = self._now() - self._begun
        share = f"{number(self._done)}/{number(self._total)} {self._unit}"
        return f"  {'█' * filled}{'░' * (_BAR - filled)} {share} · {took:.1f} s"

    def _line(self, now: float) -> str:
        rate = self._done / max(now - self._begun, 1e-6)
        left = (self._total - self._done) / rate
        share = f"{number(self._done)}/{number(self._total)} ({100 * self._done // self._total} %)"
        return f"{self._name}: {share} {rate:.0f} {self._unit}/s eta {left:.0f}s"


def number(value: int) -> str:
    """12 431."""
    return f"{value:,}".replace(",", " ")
