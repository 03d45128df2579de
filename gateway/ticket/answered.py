"""What a mail shows of what we gave its writer to answer with: in the addresses it came to, and in what it answers.

Sources  RFC 5233 (sub-address), RFC 5322 §3.6.4 (In-Reply-To, References); mails-out.md §2.
Not here  how tokens look (token_forms.py), whom they are for (token.py), what they prove (authority.py, thread.py).
"""

from gateway.message.address import sub_address
from gateway.message.forward import says_forward
from gateway.message.subject import is_answer
from gateway.message.types import Envelope, Message
from gateway.ticket.token_forms import ReplyToken, find_reply_tokens, read_reply

_MAX_ADDRESSES = 50  # that may hold a token, in To and Cc


def addressed_tokens(message: Message, envelope: Envelope, delimiter: str) -> tuple[ReplyToken, ...]:
    """The reply tokens that a mail was sent to, each once; nothing is verified yet.

    From the envelope; from To and Cc too, because relays strip sub-addresses and leave the fields alone.
    """
    shown = (m.address for m in (*message.to, *message.cc)[:_MAX_ADDRESSES])
    details = (sub_address(path, delimiter)[1] for path in (*envelope.forward_paths, *shown))
    return tuple(dict.fromkeys(t for detail in details if detail and (t := read_reply(detail)) is not None))


def reply_tokens(message: Message, envelope: Envelope, delimiter: str) -> tuple[ReplyToken, ...]:
    """What a mail shows of what we gave its writer to answer with, each once; nothing is verified yet.

    It stands in the addresses that the mail was sent to, or in the Message-ID of the mail that it answers. One that is
    passed on names that mail, too: many programs keep a forward in the thread.
    """
    parents = () if is_forward(message) else answered_ids(message)
    answered = (token for id in parents for token in find_reply_tokens(id))
    return tuple(dict.fromkeys((*addressed_tokens(message, envelope, delimiter), *answered)))


def answered_ids(message: Message) -> tuple[str, ...]:
    """The Message-IDs of what a mail answers: its parents alone, not the mails before them (RFC 5322 §3.6.4).

    The mails before stand in References of everybody who answers an answer, whoever it was meant for.
    """
    return message.in_reply_to or message.references[-1:]


def is_forward(message: Message) -> bool:
    """Whether a mail passes another one on. An answer may have a mail attached, and quote one that was a forward."""
    return says_forward(message.subject) or (message.forward is not None and not is_answer(message.subject))
