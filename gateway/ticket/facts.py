"""What the rules may test of one mail, its ticket and its author.

Not here  the list of facts itself (rules/types.py), how they are tested (rules/evaluate.py).
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.message.address import domain_of, normal, sub_address
from gateway.message.origin import origin
from gateway.message.types import Accepted, Auth, Classification, Message
from gateway.rules.action_forms import misfit
from gateway.rules.lookups import LookedUp
from gateway.rules.types import WEEKDAYS, Facts, RuleSet
from gateway.ticket.assign import waits
from gateway.ticket.life import bare_thanks
from gateway.ticket.sla import Promises
from gateway.ticket.types import Customer, Ticket

_ENCRYPTED = ("multipart/encrypted", "application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_CALENDAR = ("text/calendar",)
_SCORE = re.compile(r"(?:^\s*|score=|\[)(-?[0-9]{1,4}(?:\.[0-9]+)?)")


def facts(
    message: Message,
    verdict: Classification,
    auth: Auth,
    inbound: Accepted,
    customer: Customer | None,
    *,
    tables: LookedUp,
    language: tuple[str, str],
    delimiter: str,
    now: datetime,
) -> Facts:
    """The facts of a mail, before any ticket.

    tables    what look-up tables say of the author
    language  the language in force and where it comes from: header, detected, history, default
    """
    author, envelope = message.author, inbound.envelope
    return Facts(
        subject=message.subject,
        body_text="\n".join(part for part in (message.text, message.quoted) if part),
        body_new_text=message.text,
        body_html=message.html,
        headers=tuple((f.name, f.value) for f in message.fields),
        envelope_from=envelope.reverse_path or "",
        is_auto_reply=verdict.kind in ("auto-reply", "auto-generated"),
        is_bounce=verdict.kind == "report" and (verdict.report is None or verdict.report.kind == "delivery"),
        is_list=verdict.kind == "bulk",
        is_forward=message.forward is not None,
        is_thanks=bare_thanks(message),
        is_encrypted=_has(message, _ENCRYPTED),
        is_calendar=_has(message, _CALENDAR),
        size=inbound.size,
        via=envelope.via,
        mailbox=tuple(sub_address(path, delimiter)[0] for path in envelope.forward_paths),
        origin_ip=origin(message),
        from_address=normal(author.address) if author else None,
        from_domain=domain_of(normal(author.address)) if author else None,
        from_name=author.name if author else None,
        from_ambiguous=message.ambiguous_author,
        to=tuple(normal(m.address) for m in message.to),
        cc=tuple(normal(m.address) for m in message.cc),
        reply_to=tuple(normal(m.address) for m in message.reply_to),
        attachments_count=len(message.attachments),
        attachments_names=tuple(a.name for a in message.attachments),
        attachments_types=tuple(a.media_type for a in message.attachments),
        attachments_size=sum(a.size for a in message.attachments),
        auth_spf=auth.spf,
        auth_dkim=auth.dkim,
        auth_dmarc=auth.dmarc,
        auth_trusted=auth.by is not None,
        language=language[0],
        language_confidence=message.language_confidence,
        language_source=language[1],
        spam_score=_spam_score(message),
        spam_flag=_spam_flag(message),
        actor="customer",
        time=now,
        now=now,
        weekday=WEEKDAYS[now.weekday()],
        **_of(customer, tables),
    )


def standing(
    customer: Customer | None, tables: LookedUp, language: str | None, actor: str, text: str, now: datetime
) -> Facts:
    """The facts of something that no mail brought, before those of its ticket.

    actor  agent, rule or system.  text  what a person of ours wrote, if he did
    """
    return Facts(
        body_text=text or None,
        body_new_text=text or None,
        language=language,
        actor=actor,
        time=now,
        now=now,
        weekday=WEEKDAYS[now.weekday()],
        **_of(customer, tables),
    )


def first_fields(known: Facts, rules: RuleSet, tables: LookedUp) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The custom fields that a new ticket begins with (`fields.from`), and what people should know of the tables."""
    values = {**dict(known.customer_values or ()), "tier": known.customer_tier}
    values["organisation"] = known.customer_organisation
    given, flags = [], [f"lookup-failed:{name}" for name in tables.away]
    for field in rules.fields.values():
        value = values.get(field.origin.removeprefix("customer.")) if field.origin else None
        if value and misfit(field, value) is not None:
            flags.append(f"lookup-misfit:{field.id}")
        elif value:
            given.append((field.id, value))
    return tuple(given), tuple(flags)


def _of(customer: Customer | None, tables: LookedUp) -> dict[str, Any]:
    """The facts of a customer; None is a first contact. What his record says goes before the tables."""
    values = dict(tables.values) | dict(customer.attributes if customer else ())
    return {
        "customer_known": customer is not None,
        "customer_first_contact": customer is None,
        "customer_muted": customer.muted if customer else False,
        "customer_tier": (customer.tier if customer else None) or values.get("tier"),
        "customer_open_tickets": customer.open_tickets if customer else 0,
        "customer_spam_tickets": customer.spam_tickets if customer else 0,
        "customer_tags": customer.tags if customer else None,
        "customer_organisation": (customer.organisation if customer else None) or values.get("organisation"),
        "customer_values": tuple(values.items()) or None,
    }


def with_ticket(before: Facts, ticket: Ticket, now: datetime, promises: Promises, customer: Customer | None) -> Facts:
    """The facts of a mail together with its ticket, for the events new and reply."""
    return replace(
        before,
        ticket_number=ticket.number or None,
        ticket_status=ticket.status,
        ticket_status_type=ticket.status_type,
        ticket_priority=ticket.priority,
        ticket_team=ticket.team,
        ticket_assignee=ticket.assignee,
        ticket_responsible=ticket.responsible,
        ticket_tags=ticket.tags,
        ticket_channel=ticket.channel,
        ticket_fields=ticket.fields,
        ticket_age=now - ticket.created_at,
        ticket_idle=now - ticket.updated_at,
        ticket_messages=ticket.messages,
        ticket_reopened=ticket.reopened,
        ticket_escalation=ticket.escalation,
        ticket_waiting=ticket.number != 0 and waits(ticket, promises.rules),  # for a new one nobody has been asked yet
        sla_policy=promises.name_for(ticket, customer),
        sla_due=ticket.next_due,
    )


def _has(message: Message, media_types: tuple[str, ...]) -> bool:
    """Whether a part, or the mail itself, is of such a type."""
    said = message.value("Content-Type") or ""
    types = (said.partition(";")[0].strip().lower(), *(a.media_type for a in message.attachments))
    return any(t in media_types for t in types)


def _spam_score(message: Message) -> float | None:
    """The score that a filter before us wrote; None when none did."""
    for name in ("X-Spam-Score", "X-Spam-Status", "X-Spamd-Result"):
        found = _SCORE.search(message.value(name) or "")
        if found:
            return float(found[1])
    return None


def _spam_flag(message: Message) -> bool | None:
    """What a filter before us said; None when none did."""
    said = message.value("X-Spam-Flag") or message.value("X-Spam-Status") or message.value("X-Spam")
    return said.strip().lower().startswith(("yes", "true")) if said is not None else None
