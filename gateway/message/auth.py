"""What a host that we trust found out about where a mail comes from.

Sources  RFC 8601 §2.2 (Authentication-Results), §4.1, §5 (only the own boundary is believed), §7.1 (forged fields).
         Only the topmost field of a configured authserv-id counts, and only above the Received field of our boundary:
         what stands below that line came from outside, whoever it names. Fields are never joined.
Not here  own checks of SPF, DKIM and DMARC.
"""

import re

import authres

from gateway.message.address import domain_of, normal
from gateway.message.types import NOT_AUTHENTICATED, Auth, AuthResult, Message

_RECEIVED_BY = re.compile(r"(?:^|\s)by\s+([\w.-]+)", re.IGNORECASE)
_MAX_OCTETS = 8 * 1024  # the parser is quadratic
_RESULTS: dict[str, AuthResult] = {
    "pass": "pass",
    "fail": "fail",
    "softfail": "fail",
    "hardfail": "fail",
    "policy": "fail",
    "neutral": "none",
    "none": "none",
    "temperror": "temperror",
    "permerror": "permerror",
    "bestguesspass": "none",
}
_BEST_FIRST: tuple[AuthResult, ...] = ("pass", "fail", "temperror", "permerror", "none")


def authenticate(message: Message, trusted: tuple[str, ...]) -> Auth:
    """The verdicts of the first field that a trusted host wrote; NOT_AUTHENTICATED when there is none.

    trusted  authserv-ids in any case. When the topmost such field cannot be read, nothing is believed.
    A DMARC verdict about another domain than the author's is a failure: two programs do not read the same From.
    """
    wanted = {name.lower() for name in trusted}
    if not wanted:
        return NOT_AUTHENTICATED
    found: str | None = None
    for field in message.fields:
        name = field.name.lower()
        if name == "authentication-results" and found is None and _server(field.value) in wanted:
            found = field.value
        elif name == "received":  # the topmost one is our boundary's, or nobody of ours has seen the mail
            received = _RECEIVED_BY.search(field.value)
            ours = received is not None and any(_same_site(received[1].lower(), server) for server in wanted)
            if found is None or not ours:
                return NOT_AUTHENTICATED
            return _read(found, normal(message.author.address) if message.author else "") or NOT_AUTHENTICATED
    return NOT_AUTHENTICATED


def _same_site(host: str, server: str) -> bool:
    """Whether an authserv-id is the host that received, or the domain it belongs to."""
    return host == server or host.endswith(f".{server}") or server.endswith(f".{host}")


def _server(value: str) -> str:
    """The authserv-id as written, in lower case; a field that begins with a comment is not one that our host writes."""
    head = value.partition(";")[0].split()
    return head[0].lower() if head else ""


def _read(value: str, author: str) -> Auth | None:
    domain = domain_of(author)
    if len(value) > _MAX_OCTETS or not value.isascii():
        return None
    try:
        field = authres.AuthenticationResultsHeader.parse_value(value)
        results = [(r.method.lower(), str(r.result).lower()) for r in field.results]
        about = [
            p.value for r in field.results if r.method.lower() == "dmarc" for p in r.properties if p.name == "from"
        ]
        proven = [
            (r.method.lower(), p.name.lower(), p.value)
            for r in field.results
            if str(r.result).lower() == "pass"
            for p in r.properties
        ]
    except (authres.AuthResError, RecursionError, ValueError, TypeError, AttributeError, LookupError):
        return None

    def verdict(method: str) -> AuthResult:
        found = {_RESULTS.get(result, "none") for name, result in results if name == method}
        return next((r for r in _BEST_FIRST if r in found), "none")

    # several signatures: one that holds is enough; DMARC and SPF have one result, and two are a contradiction
    dmarc = {_RESULTS.get(result, "none") for name, result in results if name == "dmarc"}
    if not all(_covers(named, domain) for named in about):
        dmarc.add("fail")
    return Auth(
        dmarc=dmarc.pop() if len(dmarc) == 1 else "none" if not dmarc else "fail",
        dkim=verdict("dkim"),
        spf=verdict("spf"),
        by=str(field.authserv_id),
        aligned=bool(domain) and any(_speaks(*identity, author) for identity in proven),
    )


def _speaks(method: str, name: str, said: str, author: str) -> bool:
    """Whether an identity that holds is the author's: his domain of DKIM and SPF, the very address of AUTH."""
    match method, name:
        case ("dkim", "d") | ("spf", "mailfrom"):
            return _covers(said, domain_of(author))
        case ("auth", "auth"):
            return normal(said) == author
        case _:
            return False


def _covers(said: str, domain: str) -> bool:
    """Whether a verdict about this domain is one about the author's; without an author there is none to be about."""
    name = domain_of(f"@{said.rpartition('@')[2]}")
    return domain == name or domain.endswith(f".{name}")
