"""How a time is given on the command line.

Not here the words of durations and moments (rules/quantities.py).
"""

from datetime import datetime
from typing import Any

import click

from gateway.cli.declare import Invocation
from gateway.cli.output import printable
from gateway.rules.quantities import duration, moment


class Since(click.ParamType[datetime]):
    """A time, or how long ago: 2026-11-21, 2026-11-21T22:10+01:00, 2h, 3d."""

    name = "since"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Aware."""
        if isinstance(value, datetime):
            return value
        invocation = ctx.ensure_object(Invocation) if ctx else Invocation()
        ago = duration(str(value))
        day = moment(f"{value}T00:00+00:00")
        found = invocation.now() - ago if ago is not None else day or moment(str(value))
        if found is None:
            self.fail(f"“{printable(str(value), 40)}” is no time, such as 2h, 3d or 2026-11-21.", param, ctx)
        return found
