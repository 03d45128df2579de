"""Whether a mail comes from where it says: DKIM, SPF and DMARC, asked of the domains themselves.

Sources  RFC 6376, RFC 8301 (no SHA-1, no key under 1024 bits), RFC 7208, RFC 7489. The policy of the author's domain
         is asked for first, then what may speak for it, then the rest: a stranger cannot use up the time with domains
         of his own. A signature over a part of the body (`l=`), or one without From, proves nothing.
Not here  when a mail is checked (verifier.py), what its policy means (message/dmarc.py).
"""

import logging
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import dkim
from publicsuffixlist import PublicSuffixList

from gateway.message.address import domain_of
from gateway.message.dmarc import Identity, Policy, dmarc, is_aligned, policy
from gateway.message.types import OURSELVES, Auth, AuthResult
from gateway.verifying.dns import Questions, UnansweredError

with warnings.catch_warnings():  # a docstring of it holds an escape of which Python warns when it compiles it
    warnings.simplefilter("ignore")
    import spf

_MOST_SIGNATURES = 5
_MOST_FIELDS = 1000
_MAX_SIGNATURE_OCTETS = 8 * 1024
_LEAST_KEY_BITS = 1024
_LONG_BLANKS = re.compile(rb"[ \t]{64,}")
_MAX_BLANK_WORK = 20_000_000  # the library's canonicalisation is quadratic in the length of a run of blanks
_SPF: dict[str, AuthResult] = {
    "pass": "pass",
    "fail": "fail",
    "softfail": "fail",
    "permerror": "permerror",
    "temperror": "temperror",
}
_silent = logging.getLogger("gateway.verifying.silent")  # content of mails never goes to a log
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # reads its ten thousand lines: only where mail is checked


@dataclass(frozen=True, slots=True)
class Client:
    """Who handed a mail to us, where that is the sending side itself and no relay of ours."""

    address: str
    helo: str
    reverse_path: str | None


def checked(raw: bytes, author: str, client: Client | None, questions: Questions) -> Auth:
    """The verdicts about a mail; `none` where there is nothing to check.

    author  the domain of RFC5322.From, as A-labels
    client  None: SPF has nothing to say
    """
    try:
        demanded: Policy | UnansweredError | None = _policy(author, questions)
    except UnansweredError as e:
        demanded = e
    strict = demanded if isinstance(demanded, Policy) else Policy(strict_dkim=False, strict_spf=False)

    def aligned(domain: str, *, strictly: bool) -> bool:
        return is_aligned(domain, author, strict=strictly, organisational=organisational)

    sender = _sender(client) if client is not None else ""
    sender_first = bool(sender) and aligned(sender, strictly=strict.strict_spf)
    by_spf: AuthResult = _spf(client, questions) if client is not None and sender_first else "none"
    signatures = _signatures(raw, questions, lambda domain: aligned(domain, strictly=strict.strict_dkim))
    if client is not None and not sender_first:
        by_spf = _spf(client, questions)
    speaking = [s.result for s in signatures if aligned(s.domain, strictly=strict.strict_dkim)]
    if sender_first:
        speaking.append(by_spf)
    verdict: AuthResult = "none"
    if demanded is not None:
        verdict = dmarc(speaking) if isinstance(demanded, Policy) else "temperror"
    by_dkim = _best([s.result for s in signatures])
    return Auth(dmarc=verdict, dkim=by_dkim, spf=by_spf, by=OURSELVES, aligned="pass" in speaking)


def organisational(domain: str) -> str:
    """The domain under a public suffix that a name belongs to; itself where it is a suffix."""
    return str(_suffixes().privatesuffix(domain) or domain)


def _best(results: list[AuthResult]) -> AuthResult:
    order: tuple[AuthResult, ...] = ("pass", "temperror", "fail", "permerror")
    return next((result for result in order if result in results), "none")


def _policy(author: str, questions: Questions) -> Policy | None:
    for name in dict.fromkeys((author, organisational(author))):
        records = [text.decode("ascii", "replace") for text in questions.texts(f"_dmarc.{name}")]
        if any(record.startswith("v=DMARC1") for record in records):
            return policy(records)
    return None


def _signatures(raw: bytes, questions: Questions, speaks: Callable[[str], bool]) -> list[Identity]:
    """What became of the signatures that may be asked about; those that speak for the author go first."""
    try:
        mail = dkim.DKIM(raw, logger=_silent, minkey=_LEAST_KEY_BITS)
    except (dkim.DKIMException, ValueError):
        return []
    if len(mail.headers) > _MOST_FIELDS or _blank_work(raw) > _MAX_BLANK_WORK:
        return []
    values = [value for name, value in mail.headers if name.lower() == b"dkim-signature"]
    found = [(index, domain) for index, value in enumerate(values) if (domain := _signer(value))]
    found.sort(key=lambda signature: not speaks(signature[1]))
    return [Identity(domain, _signature(mail, index, questions)) for index, domain in found[:_MOST_SIGNATURES]]


def _signer(value: bytes) -> str:
    """The domain of a signature, as A-labels; empty where it cannot be read, or proves nothing whatever it holds."""
    if len(value) > _MAX_SIGNATURE_OCTETS:
        return ""
    try:
        tags = dkim.util.parse_tag_value(value)
        names = re.split(rb"\s*:\s*", tags[b"h"].strip().lower())
        if b"from" not in names or b"l" in tags or tags[b"a"] == b"rsa-sha1":
            return ""
        return domain_of(f"@{tags[b'd'].decode()}")
    except (dkim.util.InvalidTagValueList, KeyError, UnicodeDecodeError):
        return ""


def _signature(mail: dkim.DKIM, index: int, questions: Questions) -> AuthResult:
    def key(name: bytes, timeout: float = 0) -> bytes | None:
        return next(iter(questions.texts(name.decode("ascii", "replace"))), None)

    try:
        return "pass" if mail.verify(index, dnsfunc=key) else "fail"
    except UnansweredError:
        return "temperror"
    except dkim.ValidationError:
        return "fail"
    except (dkim.DKIMException, ValueError, LookupError, TypeError, ArithmeticError, AttributeError):
        return "permerror"  # what the library makes of signatures and keys in bad form


def _blank_work(raw: bytes) -> int:
    return sum((found.end() - found.start()) ** 2 for found in _LONG_BLANKS.finditer(raw))


def _sender(client: Client) -> str:
    """The domain that SPF speaks of: of the reverse-path, or of HELO where that is null (RFC 7208 §2.4)."""
    return domain_of(client.reverse_path or f"postmaster@{client.helo}")


def _spf(client: Client, questions: Questions) -> AuthResult:
    try:
        found = _Query(client, questions).check()
    except (UnansweredError, spf.TempError):
        return "temperror"
    except (spf.PermError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "permerror"  # what the library makes of records in bad form
    return _SPF.get(str(found[0]), "none")


class _Query(spf.query):  # type: ignore[misc]  # no type information in this package
    """SPF as the library evaluates it, with our questions."""

    def __init__(self, client: Client, questions: Questions) -> None:
        super().__init__(i=client.address, s=client.reverse_path or "", h=client.helo)
        self._questions = questions

    def dns(
        self,
        name: str,
        qtype: str,
        cnames: object = None,  # the resolver follows them
        ignore_void: bool = False,  # noqa: FBT001, FBT002 -- as the library calls it
    ) -> list[object]:
        """The records as the library wants them.

        Raises  TempError, PermError  those of the library
        """
        try:
            found = list(self._records(str(name).lower(), qtype))
        except UnansweredError as e:
            raise spf.TempError(str(e)) from e
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("too many names without records")
        return found

    def _records(self, name: str, kind: str) -> Iterator[object]:
        if kind == "TXT":
            yield from ((text,) for text in self._questions.texts(name))
            return
        for record in self._questions.ask(name, kind):
            if kind in ("A", "AAAA"):
                yield record.address
            elif kind == "MX":
                yield record.preference, record.exchange.to_text(omit_final_dot=True)
            elif kind == "PTR":
                yield record.target.to_text(omit_final_dot=True)
