"""A time as people type it: a moment, or how far it is from now."""

import re
from datetime import datetime
from typing import Any

import click

from gateway.cli.declare import Invocation
from gateway.cli.output import printable
from gateway.rules.quantities import duration, moment

_ZONE = re.compile(r"(?:Z|[+-]\d\d:\d\d)\Z")


class Time(click.ParamType[datetime]):
    """2026-11-21, 2026-11-21T22:10+01:00, "2026-11-21 21:10" (UTC), or 2h, 3d: ago, or ahead."""

    name = "time"

    def __init__(self, *, ahead: bool = False) -> None:
        self._ahead = ahead

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Aware."""
        if isinstance(value, datetime):
            return value
        invocation = ctx.ensure_object(Invocation) if ctx else Invocation()
        found = self._distant(str(value), invocation.now()) or _moment(str(value).strip().replace(" ", "T"))
        if found is None:
            self.fail(f"“{printable(str(value), 40)}” is no time, such as 2h, 3d or 2026-11-21.", param, ctx)
        return found

    def _distant(self, text: str, now: datetime) -> datetime | None:
        length = duration(text)
        try:
            return None if length is None else now + length if self._ahead else now - length
        except OverflowError:
            return None


def _moment(text: str) -> datetime | None:
    if "T" not in text:
        text += "T00:00"
    return moment(text if _ZONE.search(text) else f"{text}+00:00")
