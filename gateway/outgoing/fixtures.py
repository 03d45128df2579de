"""Made-up values for every mail, so that its template can be looked at and checked before anybody gets it.

Sources  mails-out.md §5: long name, no name, 1, 2, 5, 21, 22 items, due today, tomorrow, next week, no SLA.
         Each mail has one fixture for each of these situations, and one for each case that its template tells apart.
Not here  what is checked (lint.py); what each value means (kinds.py).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.outgoing.kinds import KINDS, kind_of
from gateway.outgoing.phrases import clock_values

NOW = datetime(2026, 11, 20, 13, 30, tzinfo=UTC)  # a Friday
ZONE = "Europe/Warsaw"
_LONG_NAME = "Prof. Dr. Maximiliana-Konstancja von Brzęczyszczykiewicz-Hohenlohe " * 2
_SUBJECT, _LONG_SUBJECT = "Zwrot, order PL-10442", "Zwrot za zamówienie, które przyszło uszkodzone " * 5
_OFFICE = ((("09:00", "17:00"),),) * 5 + ((), ())
_WORDS = ("Dzień dobry,", "proszę o zwrot za zamówienie, paczka przyszła uszkodzona.", "", "Jan")


@dataclass(frozen=True, slots=True)
class Situation:
    """What differs between the fixtures of a mail."""

    name: str
    customer: str = "Jan Wiśniewski"
    items: int = 2
    due_in: timedelta | None = timedelta(days=3)
    zone: str | None = ZONE  # of the reader
    case: str = ""  # one that the template tells apart


_PLAIN = Situation("plain")
SITUATIONS = (
    _PLAIN,
    Situation("long-name", customer=_LONG_NAME),
    Situation("no-name", customer="jan@bigbank.test"),
    *(Situation(f"items-{n}", items=n) for n in (0, 1, 2, 5, 21, 22)),
    Situation("due-today", due_in=timedelta(hours=2)),
    Situation("due-tomorrow", due_in=timedelta(hours=20)),
    Situation("due-next-week", due_in=timedelta(days=5)),
    Situation("no-sla", due_in=None),
    Situation("no-zone", zone=None),
)
CASES: Mapping[str, tuple[str, ...]] = {
    "status_notice": ("solved", "reopened", "merged", "continued", "split"),
    "agent_notice": (
        "new", "reply", "note", "assigned", "advice", "linked_solved", "reopened", "team", "escalated", "flood",
    ),
    "hold": (
        "collision", "unknown_command", "bad_value", "position", "html_only", "differs", "unaddressed", "leak", "cut",
        "no_proof", "which", "forwarded", "instead", "confirm", "risk", "customer",
    ),
    "receipt": ("done", "dry", "forward"),
    "confirm": ("merge", "customer", "spam", "many", "far"),
    "sla_warning": ("first_response", "next_response", "update", "resolution"),
    "sla_breached": ("first_response", "next_response", "update", "resolution"),
    "digest": ("thanks",),
    "delivery_failed": ("failed", "automatic", "delayed"),
    "alarm": ("breaker", "total_limit", "template", "relay", "backscatter", "flood", "webhook", "store", "backlog"),
}  # fmt: skip


def fixtures(mail: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and values of each fixture of a mail; one that only the site has is told what all are told."""
    for situation in SITUATIONS:
        yield situation.name, fixture(mail, situation)
    for case in CASES.get(mail, ()):
        yield case.replace("_", "-"), fixture(mail, replace(_PLAIN, case=case))


def fixture(mail: str, situation: Situation = _PLAIN) -> dict[str, Any]:
    """The values of a mail in one situation."""
    own = _OF[mail](situation) if mail in _OF else {}
    return {**kind_of(mail).defaults, **_common(mail, situation), **own}


def _common(mail: str, s: Situation) -> dict[str, Any]:
    long, kind = s.name == "long-name", kind_of(mail)
    return {
        "ticket": {
            "number": 4812,
            "subject": _LONG_SUBJECT if long else _SUBJECT,
            "team": "billing",
            "status": "open",
            "priority": "high",
            "assignee": "Piotr Zieliński",
            "customer": s.customer,
            "tags": "refund, vip",
        },
        "site": {"name": "Acme", "footer": ("Acme Sp. z o.o. · support@acme.test · +48 22 000 00 00",)},
        "team": {"id": "support", "name": "Acme Support", "address": "support@acme.test"},
        "mail": {
            "why": kind.why,
            "reply_to": "support+t4812-1.ak7q2m6dw3xh5ta4vbn7czr2yje@acme.test",
            "goes_to": _goes_to(s) if kind.reader == "agent" and kind.purpose == "t" else None,
            "body_token": "[mw:4812-k7q2m6dw3xh5ta4v]",
        },
        "clock": clock_values(NOW, s.zone, ZONE),
    }


def _goes_to(s: Situation) -> dict[str, Any]:
    others = tuple(f"Eva {n} <eva{n}@bigbank.test>" for n in range(min(s.items, 5) - 1))
    return {"people": (f"{s.customer} <jan@bigbank.test>", *others), "language": "pl", "note": False}


def _ago(**span: float) -> str:
    return (NOW - timedelta(**span)).isoformat()


def _due(s: Situation) -> str | None:
    return None if s.due_in is None else (NOW + s.due_in).isoformat()


def _rows(s: Situation, due: str | None) -> list[dict[str, Any]]:
    """Tickets of a list."""
    return [
        {
            "number": 4800 + n,
            "subject": _SUBJECT,
            "customer": s.customer,
            "due": due,
            "late": due is not None and due < NOW.isoformat(),
            "reply_to": f"support+t{4800 + n}-1.ak7q2m6dw3xh5ta4vbn7czr2yje@acme.test",
        }
        for n in range(s.items)
    ]


def _promise(s: Situation) -> dict[str, Any]:
    return {"due": _due(s), "calendar": _OFFICE if s.zone else None}


def _auto_ack(s: Situation) -> dict[str, Any]:
    article = {
        "title": "Photos of a damaged parcel",
        "paragraphs": [["Please reply with three photos:"], ["1. the whole parcel", "2. the label"]],
        "command": "#solved KB-12",
    }
    return {**_promise(s), "articles": [article] * min(s.items, 3)}


def _agent_notice(s: Situation) -> dict[str, Any]:
    return {
        "happened": s.case or "new",
        "because": {"assigned": "given", "reply": "assignee"}.get(s.case, "rule"),
        "why": s.customer if s.case == "assigned" else "refunds-to-billing",
        "owns": s.case == "reply",
        "colleague": "ana" if s.items else None,
        "warnings": ("agent", "spelling", "broken") if s.items > 2 else (),
        "continued": ["#4400 “Faktura 9/2026” (closed)"] if s.items > 2 else (),
        "mentioned": ["#4401 “Faktura 10/2026” (closed)"] if s.items > 2 else (),
        "due": _due(s),
        "policy": "gold",
        "facts": [{"name": "order", "value": "PL-10442"}] * min(s.items, 5),
        "attachments": [{"name": "uszkodzenie.jpg", "size": "1.2 MB"}] * s.items,
        "writer": s.customer,
        "said_at": _ago(hours=11),
        "words": _WORDS,
        "hidden": s.case == "escalated",
        "passed_on": {"by": s.customer, "lines": ["Cc: ola@bigbank.test"]} if s.items > 2 else None,
        "earlier": ["#4401 “Faktura 10/2026” (closed)"] * min(s.items, 5),
        "suggested": [{"text": "refund-ok", "command": "#macro refund-ok", "article": None}],
        "note_to": "support+n4812-1.ak7q2m6dw3xh5ta4vbn7czr2yje@acme.test",
    }


_USUAL = tuple({"word": word, "command": f"#{word}"} for word in ("send", "note", "discard"))
_CHOICES: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "customer": ({"word": "customer", "command": "#customer jan@bigbank.test"},),
    "forwarded": (
        {"word": "note", "command": "#note"},
        {"word": "send_whole", "command": "#send"},
        {"word": "discard", "command": "#discard"},
    ),
}


def _hold(s: Situation) -> dict[str, Any]:
    words = ("Dzień dobry, proszę o zdjęcie paczki.",)
    return {
        "reason": s.case or "collision",
        "to": s.customer if s.items and s.case != "customer" else None,
        "told": {
            "bad_value": "“yesterday” is over",
            "risk": "There is a card number in it.",
            "instead": "h-77 waits on.",
        }.get(s.case),
        "line": "#solvd",
        "maybe": "#solved" if s.items else None,
        "mistakes": [{"line": "#asign ana", "told": "There is no command #asign.", "maybe": "#assign ana"}] * s.items,
        "since": [{"at": _ago(minutes=30), "who": "Ana Kovač", "words": words}] * s.items,
        "show_to": "support+t4812-1.ak7q2m6dw3xh5ta4vbn7czr2yje@acme.test" if s.case == "collision" else None,
        "words": words,
        "longer": (*words, "Ana") if s.case == "cut" else (),
        "becomes_note": (s.case or "collision")
        in ("collision", "leak", "cut", "which", "forwarded", "instead", "risk"),
        "choices": _CHOICES.get(s.case or "", _USUAL),
        "expires": (NOW + timedelta(days=1)).isoformat(),
    }


_OPENED_FOR = {"address": "jan@bigbank.test", "name": "Jan", "whole": "Jan <jan@bigbank.test>"}


def _receipt(s: Situation) -> dict[str, Any]:
    states = ("would",) if s.case == "dry" else ("ok", "sent", "failed")
    lines = [{"state": states[n % len(states)], "what": "#assign ana", "detail": "piotr → ana"} for n in range(s.items)]
    undo = None if s.case == "dry" else "#undo u-318"
    return {
        "lines": lines,
        "summary": "#solved #assign",
        "opened_for": _OPENED_FOR if s.case == "forward" else None,
        "is_dry": s.case == "dry",
        "letters": [{"to": "jan@bigbank.test", "lines": ["Zwrot zlecony.", "Acme Support"]}] if s.case == "dry" else [],
        "undo": undo,
        "undo_until": (NOW + timedelta(days=1)).isoformat() if undo else None,
    }


def _result(s: Situation) -> dict[str, Any]:
    take = {"text": "#mine", "command": "#mine", "to": "support+t4812-1.ak7q2m6dw3xh5ta4vbn7czr2yje@acme.test"}
    rows = [{"cells": ["#4812", _SUBJECT, s.customer], "actions": [take]}] * s.items
    heads = ["Ticket", "Subject", "Customer"] if rows else []
    return {"title": "#list mine", "lines": ["2 of 2"], "heads": heads, "rows": rows}


def _sla(s: Situation) -> dict[str, Any]:
    due = s.due_in or timedelta(minutes=30)
    return {
        "metric": s.case or "first_response",
        "customer": s.customer,
        "due": (NOW + due).isoformat(),
        "left": due.total_seconds(),
        "policy": "gold" if s.due_in else None,
        "target": 3600,
        "used": 1800 if s.items else None,
        "words": ("Molimo provjerite račun 2231.",) if s.items else (),
        "hidden": s.case == "update",
        "said_at": _ago(minutes=30),
    }


def _breached(s: Situation) -> dict[str, Any]:
    over = s.due_in or timedelta(minutes=30)
    spent = [{"who": "agent", "known": True, "seconds": 2520}, {"who": s.customer, "known": False, "seconds": 1080}]
    return {
        "metric": s.case or "first_response",
        "customer": s.customer,
        "due": (NOW - over).isoformat(),
        "spent": spent if s.items else (),
        "told": ["Piotr Zieliński", "Ana Kovač"][: s.items],
        "words": ("Molimo provjerite račun 2231.",),
        "hidden": s.case == "update",
        "said_at": _ago(minutes=90),
    }


def _digest(s: Situation) -> dict[str, Any]:
    thanks = {"number": 4790, "subject": "Povrat", "who": s.customer, "words": "Hvala puno!"}
    if s.case == "thanks":
        counts = dict.fromkeys(("overdue", "today", "later", "unassigned"), 0)
        return {"day": NOW.isoformat(), "counts": counts, "thanks": [thanks], "only_thanks": True}
    rows = {
        "overdue": _rows(s, _ago(hours=20)),
        "today": _rows(s, (NOW + timedelta(hours=1)).isoformat()),
        "later": _rows(s, (NOW + timedelta(days=2)).isoformat())[: max(1, s.items // 3)],
        "unassigned": _rows(s, _due(s))[: max(1, s.items // 3)],
    }
    return {
        "day": NOW.isoformat(),
        **rows,
        "counts": {name: len(found) for name, found in rows.items()},
        "more": s.items,
        "waiting": s.items,
        "oldest": {"number": 4777, "since": 6 * 86_400} if s.items else None,
        "held": [{"number": 4801, "reason": "collision", "at": _ago(hours=3), "noted": True}] * s.items,
        "thanks": [thanks] * min(s.items, 10),
        "thanks_more": max(0, s.items - 10),
    }


def _attention(s: Situation) -> dict[str, Any]:
    item = {
        "id": "m-31",
        "lane": "quarantine",
        "what": f"{s.customer}: “Change my bank account”",
        "at": _ago(hours=10),
        "look": "mailwicket why m-31",
    }
    return {
        "day": NOW.isoformat(),
        "items": [item] * s.items,
        "more": s.items > 5,
        "older": s.items,
        "suppressed": [{"code": "machine-sender", "count": 6}] * min(s.items, 4),
        "undelivered": s.items,
        "pending_since": None if s.due_in else _ago(hours=1),
    }


def _weekly(s: Situation) -> dict[str, Any]:
    words = ("opened", "answered", "solved", "reopened", "breached", "open")
    return {
        "of_team": "billing",
        "since": _ago(days=7),
        "until": NOW.isoformat(),
        "counts": [{"word": word, "now": s.items, "before": 3} for word in words],
        "first_response": 3000 if s.due_in else None,
        "people": [{"name": s.customer, "answered": 12, "solved": 7, "open": n} for n in range(s.items)],
    }


_OF: Mapping[str, Callable[[Situation], dict[str, Any]]] = {
    "auto_ack": _auto_ack,
    "answer": lambda s: {
        "answer": {"paragraphs": [[f"Dear {s.customer},"], list(_WORDS[1:2])], "signature": [["Ana Kovač"]]}
    },
    "status_notice": lambda s: {
        "happened": s.case or "solved",
        "reason": "Refund of 129 PLN ordered today." if s.items else None,
        "other": 4790,
        "due": _due(s),
    },
    "nudge": lambda s: {"asked": _WORDS if s.items else (), "closes": _due(s)},
    "too_large": lambda _: {"size": "41 MB", "limit": "25 MB"},
    "customer_status": lambda s: {
        "tickets": [{**row, "status": "open", "answered": _ago(days=1)} for row in _rows(s, _due(s))]
    },
    "agent_notice": _agent_notice,
    "hold": _hold,
    "receipt": _receipt,
    "command_result": _result,
    "confirm": lambda s: {
        "questions": [{"doing": s.case or "merge", "tickets": _rows(s, None), "detail": ["#4790 → #4812"]}],
        "reaches": ("ola@else.test", "jan@bigbank.test") if s.case == "customer" else (),
        "words": ("Dzień dobry, umowa w załączniku.",) if s.case == "customer" else (),
        "expires": (NOW + timedelta(days=1)).isoformat(),
    },
    "sla_warning": _sla,
    "sla_breached": _breached,
    "digest": _digest,
    "delivery_failed": lambda s: {
        "happened": "delayed" if s.case == "delayed" else "failed",
        "automatic": s.case == "automatic",
        "to": "jan@bigbank.test",
        "who": s.customer,
        "sent_at": _ago(minutes=5),
        "said": "550 5.1.1 user unknown",
        "until": (NOW + timedelta(days=4)).isoformat(),
    },
    "attention": _attention,
    "weekly_report": _weekly,
    "alarm": lambda s: {
        "about": s.case or "breaker",
        "lines": [f"{s.customer}: 5 mails in 10 minutes, #4812"] * s.items,
        "since": _ago(minutes=10),
        "count": s.items,
    },
}
assert KINDS.keys() >= _OF.keys()  # noqa: S101  a fixture is of a mail that there is
