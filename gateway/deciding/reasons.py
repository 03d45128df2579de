"""The reasons of one mail, as they are stored and as `why` and `explain` print them."""

from collections.abc import Sequence

from gateway.deciding.types import Plan
from gateway.message.types import OURSELVES, PARSER, Message
from gateway.ticket.types import Explanation, Notification


def explanation(message: Message, plan: Plan, notices: Sequence[Notification]) -> Explanation:
    """The reasons of one mail, as they are stored and as `why` and `rules explain` print them."""
    auth = plan.auth
    by = f"by {auth.by}" if auth.by == OURSELVES else f"by {auth.by}, trusted"
    said = f"spf={auth.spf} dkim={auth.dkim} dmarc={auth.dmarc} ({by})" if auth.by else "none"
    return Explanation(
        kind=plan.verdict.kind,
        kind_reason=plan.verdict.reason,
        author=str(message.author) if message.author else "",
        ambiguous_author=message.ambiguous_author,
        auth=said,
        language=f"{plan.language[0]} ({plan.language[1]})",
        new_text=len(message.text),
        quoted=len(message.quoted),
        attachments=len(message.attachments),
        defects=tuple(d.code for d in message.defects),
        doubts=plan.doubts,
        match=plan.match,
        rules=plan.decision.trace,
        mails=tuple(mail_line(n) for n in notices),
        parser=PARSER,
    )


def mail_line(notice: Notification) -> str:
    """A mail and the guard's word about it, as reasons keep it."""
    name = f"{notice.template}/{notice.variant}" if notice.variant else notice.template
    later = f"put off: {notice.put_off}" if notice.put_off else "send guard: pass"
    passed = f"held: {notice.held}" if notice.held else later
    verdict = f"suppressed: {notice.suppressed}" if notice.suppressed else passed
    return f"{name} ({notice.language}) -> {notice.recipient.address} · {verdict} · {notice.cause}"
