"""What agents hear of their orders: a receipt, the answers to their questions, what they are to confirm.

Sources      agents-by-mail.md §4 (receipts), mails-out.md §3: to the listed address alone, never to From.
Transaction  that of the orders.
Not here     mails that are held (agents/), the words (templates/receipt, command_result, confirm).
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gateway.digests import zone_of
from gateway.operations.order_answers import Row, answer_to
from gateway.operations.order_types import Asker, Carried, Question
from gateway.operations.orders import UNDO_WITHIN
from gateway.operations.person import actor
from gateway.operations.tongue import tongue_of
from gateway.operations.types import Duty
from gateway.outgoing.enqueue import enqueue
from gateway.store import own_settings
from gateway.ticket.agent_mail import to_agent
from gateway.ticket.notices import lines_of_words
from gateway.ticket.saying import Tongue, worded
from gateway.ticket.types import File

_SUMMARY = 60  # characters


def tell(c: Connection, came: Carried, asker: Asker, duty: Duty, key: str) -> None:
    """Queue what its writer is to hear of orders that were carried out.

    key  by which the mail that gave them is known: told again, it causes no other mails
    """
    agent = own_settings.as_settled(asker.agent, own_settings.of_agent(c, asker.agent.id))
    if came.lines and (came.told or agent.receipts == "all"):
        _send(
            c, "receipt", _receipt(came, tongue_of(agent, duty.deps, duty.now), duty.now), asker, duty, f"receipt:{key}"
        )
    for place, command in enumerate(came.asked):
        words = duty.deps.desk.templates.words(duty.deps.rules.language_of(asker.agent))
        said = answer_to(c, command, asker, duty, words)
        values = {
            "title": said.title,
            "lines": said.lines,
            "heads": said.heads,
            "rows": tuple(map(_row, said.rows)),
        }
        item = asker.item.id if asker.item is not None and command.name == "help" else None  # it shows the choices
        _send(c, "command_result", values, asker, duty, f"result:{key}:{place}", said.files, item)


def asked_first(c: Connection, came: Carried, asker: Asker, duty: Duty, item: int, expires: datetime) -> None:
    """Queue the mail that asks whether all this is meant.

    item  the number by which the answer decides
    """
    if not came.questions:
        raise ValueError("nothing has to be confirmed")
    values = {
        "questions": tuple(map(_asked, came.questions)),
        "reaches": came.reaches,
        "words": lines_of_words(came.text),
        "expires": expires.isoformat(),
    }
    _send(c, "confirm", values, asker, duty, f"confirm:{item}", item=item)


def _asked(question: Question) -> dict[str, Any]:
    rows = tuple(
        {
            "number": t.number,
            "subject": t.told_subject,
            "customer": str(t.requester) if t.requester is not None else "—",
        }
        for t in question.tickets
    )
    return {"doing": question.doing, "tickets": rows, "detail": question.detail}


def told(
    c: Connection, title: str, lines: tuple[str, ...], asker: Asker, duty: Duty, key: str, offers: tuple[str, ...] = ()
) -> None:
    """Queue a few words about his mail.

    key     by which that mail is known, as in `tell`
    offers  commands that he may want to give now
    """
    rows = (_row(Row((), offers)),) if offers else ()
    _send(c, "command_result", {"title": title, "lines": lines, "heads": (), "rows": rows}, asker, duty, f"told:{key}")


def _receipt(came: Carried, tongue: Tongue, now: datetime) -> dict[str, Any]:
    commands = (line.what for line in came.lines if isinstance(line.what, str) and line.what.startswith("#"))
    summary = " ".join(dict.fromkeys(commands))
    lines = tuple(
        {"state": line.state, "what": worded(line.what, tongue), "detail": worded(line.detail, tongue)}
        for line in came.lines
    )
    return {
        "lines": lines,
        "summary": (summary or next((line["what"] for line in lines), ""))[:_SUMMARY],
        "is_dry": came.dry,
        "letters": tuple(map(asdict, came.letters)),
        "undo": f"#undo {came.undo}" if came.undo is not None else None,
        "undo_until": (now + UNDO_WITHIN).isoformat() if came.undo is not None else None,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "cells": row.cells,
        "actions": tuple({"text": command.split()[0], "command": command, "to": None} for command in row.actions),
    }


def _send(
    c: Connection,
    template: str,
    values: Mapping[str, Any],
    asker: Asker,
    duty: Duty,
    key: str,
    files: tuple[File, ...] = (),
    item: int | None = None,
) -> None:
    agent, rules = asker.agent, duty.deps.rules
    team = next((t.id for t in rules.teams.values() if t.has(agent)), None)
    notice = to_agent(agent, template, values, rules, key=key, cause=actor(agent.id), team=team)
    zone = str(zone_of(agent, rules))
    notice = replace(notice, ticket=asker.number, auto_submitted="auto-replied", zone=zone, files=files, item=item)
    enqueue(notice if item is None else replace(notice, purpose="h"), duty.deps.desk, c, duty.now)
