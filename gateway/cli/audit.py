"""`mailwicket audit`: who changed what, and whether the record of it is as it was written."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Group, Invocation, json_option, limit_option, pass_invocation
from gateway.cli.failure import FINDINGS, NOT_FOUND, CommandError
from gateway.cli.output import Column, counted, facts, print_json, print_lines, printable, stamp, table
from gateway.cli.time import Time
from gateway.config import audit_key
from gateway.store import audit as store
from gateway.store.audit import Anchor, AuditRow
from gateway.store.audit_anchors import Anchors, anchor_of
from gateway.store.audit_verify import Verdict, verify

_COLUMNS = (
    Column("Row", right=True),
    Column("At"),
    Column("Who", least=8),
    Column("Right", least=8),
    Column("Did"),
    Column("To", least=8),
    Column("What", least=12),
)


class AnchorText(click.ParamType[Anchor]):
    """SEQ:HASH."""

    name = "anchor"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Anchor:
        """The anchor."""
        anchor = anchor_of(str(value))
        if anchor is None:
            self.fail(f"“{printable(str(value), 40)}” is no anchor: number, colon, 64 digits of the hash.", param, ctx)
        return anchor


@click.group(
    cls=Group, examples=("mailwicket audit list --ticket 4812", "mailwicket audit verify --json"), name="audit"
)
def audit() -> None:
    """Look at who changed what; check that the record is whole."""


@audit.command(
    "list", examples=("mailwicket audit list --actor rule --since 7d", "mailwicket audit list --ticket 4812 --json")
)
@click.option("--ticket", type=click.IntRange(min=1), metavar="N", help="Only changes of this ticket.")
@click.option("--actor", metavar="WHO", help="Only what WHO did: rule is any rule, rule:ID one.")
@click.option("--action", metavar="DID", help="Only this: set is any field, set.status one.")
@click.option("--since", type=Time(), metavar="T", help="Only since: 2h, 3d, 2026-11-21.")
@limit_option
@json_option
@pass_invocation
def list_command(
    invocation: Invocation,
    *,
    ticket: int | None,
    actor: str | None,
    action: str | None,
    since: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """List changes, the newest at the end."""
    with reading(invocation) as c:
        rows = store.find_rows(c, ticket=ticket, actor=actor, action=action, since=since, limit=limit)
    if as_json:
        print_json("audit-list/1", {"rows": rows})
        return
    print_lines(table(_COLUMNS, (_cells(row) for row in rows), invocation.columns()))
    invocation.note(f"  {counted(len(rows), 'change')}" + (f" · mailwicket audit show {rows[-1].seq}" if rows else ""))


@audit.command("show", examples=("mailwicket audit show 311", "mailwicket audit show 311 --json"))
@click.argument("row", type=click.IntRange(min=1))
@json_option
@pass_invocation
def show(invocation: Invocation, row: int, *, as_json: bool) -> None:
    """Print one change whole."""
    with reading(invocation) as c:
        found = store.find_row(c, row)
    if found is None:
        raise CommandError(f"there is no row {row}", hint="mailwicket audit list", exit_code=NOT_FOUND)
    if as_json:
        print_json("audit/1", asdict(found))
        return
    pairs = (
        ("Row", str(found.seq)),
        ("At", stamp(found.at)),
        ("Who", found.actor),
        ("Right", found.basis or ""),
        ("Did", found.action),
        ("To", _target(found)),
        ("Mail", found.source or ""),
        ("What", shown_detail(found)),
    )
    print_lines(facts(pairs))


@audit.command("verify", examples=("mailwicket audit verify", "mailwicket audit verify --json"))
@click.option("--from", "since", type=AnchorText(), metavar="ANCHOR", help="Only rows after this one: SEQ:HASH.")
@json_option
@pass_invocation
def verify_command(invocation: Invocation, *, since: Anchor | None, as_json: bool) -> None:
    """Check that no row was changed, deleted, inserted, moved or cut off; exit 1 when one was.

    Anchors are read from the file audit-anchors in the state folder; --from takes one of a copy kept elsewhere.
    """
    settings = settings_of(invocation)
    key = audit_key(settings, create=False)
    anchors = [anchor for anchor, _ in Anchors(settings).read()]
    with reading(invocation) as c:
        verdict = verify(c, key, anchors, since)
    if as_json:
        print_json("audit-verify/1", {"whole": not verdict.findings, **asdict(verdict)})
    else:
        _tell(verdict)
    if verdict.findings:
        click.get_current_context().exit(FINDINGS)


def shown_detail(row: AuditRow) -> str:
    """What was changed, or that it was erased."""
    return "(erased)" if row.detail is None else row.detail


def _tell(verdict: Verdict) -> None:
    for finding in verdict.findings:
        print_lines([f"✗ row {finding.seq}: {finding.kind}: {finding.said}"])
    if not verdict.findings:
        looked = f"{counted(verdict.rows, 'row')} as written, {counted(verdict.anchors, 'anchor')} held"
        erased = f", {counted(verdict.erased, 'detail')} erased" if verdict.erased else ""
        older = f"; {counted(verdict.older, 'row')} older than the chain" if verdict.older else ""
        print_lines([f"✓ {looked}{erased}{older}"])


def _cells(row: AuditRow) -> tuple[str, ...]:
    return (
        str(row.seq), stamp(row.at), row.actor, row.basis or "", row.action, _target(row), shown_detail(row),
    )  # fmt: skip


def _target(row: AuditRow) -> str:
    if row.ticket is not None:
        return f"#{row.ticket}"
    return f"customer {row.customer}" if row.customer is not None else row.object or ""
