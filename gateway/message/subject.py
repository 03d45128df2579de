"""What a subject is about, without what mail programs and lists put around it.

Sources  RFC 5256 §2.1 (base subject): its steps over reply and forward words, blobs in brackets and `(fwd)`; the words
         in more languages than its one, with the counters that some programs add.
Not here  numbers and tags of tickets (ticket/token.py), what a forwarded mail says (forward.py).
"""

import re

_MAX = 500  # characters; a ticket keeps no longer subject
_REPLY = (
    "re|aw|antw|antwort|odp|odpověď|odpoveď|odg|odgovor|res|resp|отв|ответ|на|відп|rif|r|réf|sv|vá|válasz|ynt|yan|atb|bls"
    "|απ|σχετ|תגובה|رد|回复|回覆|答复|返信|답장|회신"
)
_FORWARD = (  # Danish and Norwegian `vs` forwards, Finnish `vs` answers: the careful reading counts
    "fwd?|wg|pd|tr|enc|rv|i|vs|vl|vb|fs|továbbítás|ilt|i̇lt|doorst|přep|proslj|proslijeđeno|пересл|πρθ|trs|yml|הועבר"
    "|转发|轉寄|転送|전달"
)
_COUNT = r"\s?(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3}|\d{1,2})?\s?"
_BLOB = r"\[[^\[\]]{0,100}\]\s*"
_REPLY_LEADER = re.compile(rf"(?:{_BLOB})*(?:{_REPLY}){_COUNT}(?:{_BLOB})?[:：]\s*", re.IGNORECASE)
_LEADER = re.compile(rf"(?:{_BLOB})*(?:{_REPLY}|{_FORWARD}){_COUNT}(?:{_BLOB})?[:：]\s*", re.IGNORECASE)
_BARE_LEADERS = re.compile(rf"(?:(?:{_REPLY}){_COUNT}[:：]\s*)+", re.IGNORECASE)
_LEADING_BLOB = re.compile(_BLOB)
_TRAILER = re.compile(r" ?\(fwd\) ?\Z", re.IGNORECASE)
_WRAPPED = re.compile(r"\[fwd: ?(.*)\]", re.IGNORECASE)


def base_subject(subject: str) -> str:
    """What stays the same while people answer and forward, in lower case; empty when nothing does."""
    rest = " ".join(subject[:_MAX].split())
    while True:
        before = rest
        rest = _TRAILER.sub("", rest)
        if leader := _LEADER.match(rest):
            rest = rest[leader.end() :]
        elif (blob := _LEADING_BLOB.match(rest)) and blob.end() < len(rest):
            rest = rest[blob.end() :]
        elif wrapped := _WRAPPED.fullmatch(rest):
            rest = wrapped[1]
        if rest == before:
            return rest.strip().casefold()


def is_answer(subject: str) -> bool:
    """Whether it begins with the word that a program puts there when its user answers."""
    return _REPLY_LEADER.match(" ".join(subject[:_MAX].split())) is not None


def without_reply_words(subject: str) -> str:
    """The subject as it stands behind `Re:` and the like; the words of forwards stay."""
    return subject[found.end() :] if (found := _BARE_LEADERS.match(subject)) is not None else subject
