"""`mailwicket rules`: is the file right, do its tests pass, what would become of one mail.

Sources  rules.md §7.
Not here the single verbs (rules_check.py and its neighbours), what happened to a mail (why.py).
"""

import click

from gateway.cli.declare import Group

_MADE_AT = {
    "apply": "gateway.cli.rules_apply:apply",
    "backtest": "gateway.cli.rules_backtest:backtest",
    "check": "gateway.cli.rules_check:check",
    "diff": "gateway.cli.rules_history:diff",
    "disable": "gateway.cli.rules_apply:disable",
    "enable": "gateway.cli.rules_apply:enable",
    "explain": "gateway.cli.rules_explain:explain",
    "fmt": "gateway.cli.rules_file:fmt",
    "history": "gateway.cli.rules_history:history",
    "rollback": "gateway.cli.rules_apply:rollback",
    "schema": "gateway.cli.rules_file:schema",
    "shadow": "gateway.cli.rules_apply:shadow",
    "test": "gateway.cli.rules_test:test",
    "tree": "gateway.cli.rules_file:tree",
}


@click.group(
    "rules",
    cls=Group,
    made_at=_MADE_AT,
    examples=("mailwicket rules check", "mailwicket rules explain sample.eml"),
)
def rules() -> None:
    """Check the rules, run their tests, ask them about a mail."""
