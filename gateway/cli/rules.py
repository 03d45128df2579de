"""`mailwicket rules`: is the file right, do its tests pass, what would become of one mail.

Sources  rules.md §7.
Not here the single verbs (rules_check.py and its neighbours), what happened to a mail (why.py).
"""

import click

from gateway.cli.declare import Group
from gateway.cli.rules_apply import apply, disable, enable, rollback, shadow
from gateway.cli.rules_backtest import backtest
from gateway.cli.rules_check import check
from gateway.cli.rules_explain import explain
from gateway.cli.rules_file import fmt, schema, tree
from gateway.cli.rules_history import diff, history
from gateway.cli.rules_test import test


@click.group("rules", cls=Group, examples=("mailwicket rules check", "mailwicket rules explain sample.eml"))
def rules() -> None:
    """Check the rules, run their tests, ask them about a mail."""


for verb in (
    apply,
    backtest,
    check,
    diff,
    disable,
    enable,
    explain,
    fmt,
    history,
    rollback,
    schema,
    shadow,
    test,
    tree,
):
    rules.add_command(verb)
