"""Whether the words of a mail are those of an automatic answer: out of office, received with thanks.

Sources  what mail programs do: they put words before the subject that they answer; people leave sentences with them.
         A person who writes about an absence, the own or another's, is a person: subject and first words must agree,
         a question is a person's, and what people also write by hand counts only with a sentence that answers any mail.
         Under a subject that says nothing it takes thanks, an absence and where to turn meanwhile, in a short answer.
Not here  the words (absence_words.py), fields (classify.py).
"""

import re

from gateway.message.absence_words import (
    ABSENT,
    ABSENT_THEN,
    AUTOMATIC,
    BACK,
    INSTEAD,
    OTHER_SUBJECTS,
    PLAIN_SUBJECTS,
    REQUEST,
    SUBJECTS,
    THANKS,
)
from gateway.message.phrases import LatePattern, any_of

_MAX_BEGINNING = 700  # characters in which an automatic answer says what it is
_MAX_SUBJECT = 200

_PREFIX = re.compile(rf"\W{{0,3}}(?:{any_of(SUBJECTS)})\W{{0,3}}(?:[:：\-–(]|$)", re.IGNORECASE)
_OTHER_PREFIX = re.compile(rf"\W{{0,3}}(?:{any_of(OTHER_SUBJECTS)})\W{{0,3}}(?:[:：\-–(]|$)", re.IGNORECASE)
_PLAIN = re.compile(rf"\W{{0,3}}(?:{any_of(PLAIN_SUBJECTS)})", re.IGNORECASE)
_PLAIN_PREFIX = LatePattern(rf"\W{{0,3}}(?:{any_of(PLAIN_SUBJECTS)})\w*(?: \w{{1,20}}){{0,3}}\W{{0,3}}(?::| - |\bre\b)")
_ANSWERED = re.compile(
    r"(?<=\W)(?:re|aw|odp|odg|res|rif|ha|sv|vs|ynt|απ|отв|відп)\s?:", re.IGNORECASE
)  # not where the subject begins
# as programs write it: before the subject that they answer, or as a tag at either end
_HEADS = re.compile(
    rf"\W{{0,3}}(?:{any_of(SUBJECTS)})\s?[:：]\s*\S|.{{0,150}}?[\[(](?:{any_of(SUBJECTS)})[\])]", re.IGNORECASE
)
# a sentence begins where the text does, or after a stop, a comma of the greeting, a line end
_SENTENCE = r"(?:^|[.!,:;。*\n] ?)\W{0,4}(?=\w)"
_SAYS_AUTOMATIC = LatePattern(rf"{_SENTENCE}(?:{any_of(AUTOMATIC)})")
# spares most mails the long lists
_AUTOMAT = re.compile(r"auto(?:m|-|gen)|otomat|samodejn|а[ву]томат|αυτ[όο]ματ", re.IGNORECASE)
_ASKS = LatePattern(any_of(REQUEST))
_CITED = re.compile(  # a sentence that announces words, its own or another's
    r"(?<![^\s.!,:;])(?:[^\s.!,:;]{1,40} ){3,12}[^\s.!,:;]{1,40}:\s"
)
_QUESTION = re.compile("[?？؟]|(?<=[\u0370-\u03ff\u1f00-\u1fff]);")  # in Greek it looks like a semicolon
_SAYS_ABSENT = LatePattern(rf"{_SENTENCE}(?:{any_of(ABSENT)})|\b(?:{any_of(ABSENT_THEN)})")
_SAYS_BACK = LatePattern(any_of(BACK))
_SAYS_INSTEAD = LatePattern(any_of(INSTEAD))
_SAYS_THANKS = LatePattern(rf"{_SENTENCE}(?:{any_of(THANKS)})")


def automatic_answer(subject: str, text: str, *, answers: bool, by_machine: bool) -> str | None:
    """The evidence that the words are an automatic answer's; None when a person may have written them.

    text        the new words, without quotes
    answers     it refers to an earlier mail
    by_machine  a field or the envelope says that no person sent it now
    """
    subject, start = subject[:_MAX_SUBJECT].strip(), _dense(text[:_MAX_BEGINNING])
    prefixed = _PREFIX.match(subject) is not None
    other = _OTHER_PREFIX.match(subject) is not None
    if by_machine and (prefixed or other):
        return "subject of an automatic answer"
    heads = _HEADS.match(subject) is not None
    answers = answers or _ANSWERED.search(subject, 1) is not None
    hint = prefixed or heads or by_machine or other or _PLAIN.match(subject) or _AUTOMAT.search(start)
    if not hint and not (answers and _SAYS_THANKS.search(start)):
        return None
    question = _QUESTION.search(start)
    if question and not (prefixed and answers):
        return None
    if question:
        start = start[: question.start()]  # what it says of itself, it says before it asks whether help is wanted
    if not by_machine:
        start = _CITED.split(start, maxsplit=1)[0]
    absent = _SAYS_ABSENT.search(start) is not None
    automatic = _SAYS_AUTOMATIC.search(start) is not None
    if prefixed and (absent or automatic):
        return "subject and words of an automatic answer"
    if other and (absent or answers):
        return "subject of an automatic answer"
    instead = _SAYS_INSTEAD.search(start) is not None
    meanwhile = instead or _SAYS_BACK.search(start) is not None
    thanks = _SAYS_THANKS.search(start) is not None
    if prefixed and thanks and (answers or meanwhile):
        return "subject and thanks of an automatic answer"
    asks = question or _ASKS.search(start) or (_AUTOMAT.search(start) and not automatic)
    if heads and not asks and (answers or absent or meanwhile or thanks):
        return "subject of an automatic answer, and nothing is asked"
    if automatic and (absent or thanks):
        return "it says that it is an automatic answer"
    if by_machine and absent and (meanwhile or thanks):
        return "words of an automatic answer"
    if absent and answers and _PLAIN_PREFIX.match(subject) and not _ASKS.search(start):
        return "subject and words of an absence, in answer to a mail"
    if _PLAIN.match(subject) and absent and thanks and meanwhile:
        return "subject and words of an automatic answer"
    if answers and absent and thanks and instead and not asks and len(text) <= _MAX_BEGINNING:
        return "no more than thanks, an absence and where to turn, in answer to a mail"
    return None


def _dense(text: str) -> str:
    """The text without empty lines, its words one blank apart."""
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.splitlines())))
