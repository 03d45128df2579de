"""Whether it is sure where an agent's words end: what was taken for quoted should stand in a mail that he was sent.

Sources  agents-by-mail.md §2: when the evidence disagrees by more than three lines, the agent decides. Lines that
         programs write above a quote, and lines of the answered mail, are no words of his; neither is his signature.
Not here  the cut itself (message/reply.py), answers between quoted lines (between.py), what is done when it is not sure
          (agents/).
"""

from collections.abc import Sequence
from dataclasses import replace

from gateway.message.lines import is_quoted, visible
from gateway.message.own_words import standing_in
from gateway.message.signature import without_signature
from gateway.message.types import Message
from gateway.message.written_header import is_labelled
from gateway.ticket.between import inserted, without_facts

_MOST = 3  # lines
_LEAST_WORDS = 2


def as_meant(message: Message, ours: Sequence[str], public: Sequence[str], name: str) -> tuple[Message, str | None]:
    """The mail with its writer's own words as its text, and those with what else may be his; None: that is sure.

    ours  the texts of the mails that he may answer.  public  what customers wrote and were written.  name  his own
    """
    said = message.text if _says_anything(message.text) else ""
    text = without_signature(without_facts(said, ours, public), name)
    more = longer(text, message.quoted, ours)
    if more is None and (found := inserted(message.quoted, ours, public)) is not None:
        more = "\n\n".join(filter(None, (text, found)))
    return replace(message, text=text), more


def _says_anything(text: str) -> bool:
    """Whether there is more than quoted lines, and a signature below `-- `."""
    _, seen = visible(text)
    own = next((line for line in seen if line.strip() and not is_quoted(line)), "--")
    return own.strip() != "--"


def longer(text: str, quoted: str, ours: Sequence[str]) -> str | None:
    """The words with what else may be his; None when it is sure that there is nothing else.

    text, quoted  as they were cut.  ours  the texts of the mails that he may answer; without them nothing can be told
    """
    lines = quoted.split("\n")
    known = standing_in(lines, ours) if ours else []
    if not any(known):
        return None
    first = known.index(True)
    unknown = [line for line in lines[1:first] if _may_be_his(line)]
    return "\n\n".join((text, "\n".join(lines[:first]).strip("\n"))) if len(unknown) > _MOST else None


def _may_be_his(line: str) -> bool:
    return len(line.split()) >= _LEAST_WORDS and not line.lstrip().startswith(">") and not is_labelled(line)
