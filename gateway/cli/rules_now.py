"""The rules as the files have them, for commands that look at the desk by them.

Not here  the rules of a running daemon (running.py).
"""

from gateway import policy
from gateway.cli.context import settings_of
from gateway.cli.declare import Invocation
from gateway.ticket.sla import Promises


def promises_now(invocation: Invocation) -> Promises:
    """Rules, policies and calendars.

    Raises  ConfigError  they are wrong
    """
    settings = settings_of(invocation)
    templates = policy.templates_of(settings, invocation.clock)
    return policy.promises_of(policy.read_rules(policy.rules_file(settings), templates))
