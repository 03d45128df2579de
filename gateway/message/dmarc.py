"""What the policy of a domain makes of the identities that DKIM and SPF proved.

Sources  RFC 7489 §3.1 (alignment), §6.3 (the record), §6.6.3 (where it is looked for), §4.2 (results).
         A domain that publishes a record is one with a policy, `p=none` too: what it fails is failed, as MTAs say it.
Not here  asking for the record, the organisational domain, signatures and SPF (verifying/).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gateway.message.types import AuthResult


@dataclass(frozen=True, slots=True)
class Policy:
    """What a record demands: whether an identity must be the very domain of the author."""

    strict_dkim: bool
    strict_spf: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """A domain, and what was found out about the mail being its own."""

    domain: str
    result: AuthResult


def policy(records: Sequence[str]) -> Policy | None:
    """The policy among the TXT records of a name; None when there is none, or more than one (§6.6.3)."""
    found = [record for record in records if record.partition(";")[0].replace(" ", "") == "v=DMARC1"]
    if len(found) != 1:
        return None
    pairs = (tag.partition("=") for tag in found[0].split(";"))
    tags = {name.strip(): value.strip().lower() for name, _, value in pairs}
    return Policy(strict_dkim=tags.get("adkim") == "s", strict_spf=tags.get("aspf") == "s")


def is_aligned(domain: str, author: str, *, strict: bool, organisational: Callable[[str], str]) -> bool:
    """Whether an identity speaks for the domain of the author.

    organisational  the domain under a public suffix that a name belongs to
    """
    return domain == author or (not strict and organisational(domain) == organisational(author))


def dmarc(aligned: Iterable[AuthResult]) -> AuthResult:
    """The verdict of a domain with a policy, by the results of its aligned identities: one that holds is enough.

    Where nothing holds, but an answer of that domain is missing, nothing is known yet.
    """
    results = set(aligned)
    return next((result for result in ("pass", "temperror") if result in results), "fail")
