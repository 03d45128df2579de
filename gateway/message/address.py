"""What an address is, which mailboxes a field names, and the one author of a mail, or none.

Sources  RFC 5321 §4.1.2, §4.1.3 (paths, literals), §4.5.3.1.3 (254 octets), RFC 5322 §3.4, §4.4 (mailboxes, old forms),
         RFC 6531 §3.3 (UTF-8 addresses), RFC 5891 §4 (A-labels), RFC 5233 (sub-address).
         Looser than RFC 5321: `_` in a domain, dots anywhere in a local part (then quoted), local parts over 64 octets;
         all three are the addresses of real customers.
Not here  the grammar of address fields (address_field.py), who may be answered (classify.py).
"""

import ipaddress
import re
import unicodedata
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from gateway.errors import PermanentError
from gateway.message.address_field import MAX_COMMENT_DEPTH, candidates, field_tokens
from gateway.message.types import Mailbox

MAX_ADDRESS_OCTETS = 254
_MAX_PATH = 1_000  # characters with a source route; longer is no address in any reading

_PLAIN = re.compile(
    r"[a-z0-9+_=-]+(?:\.[a-z0-9+_=-]+)*@(?!.*xn--)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]{2,20}"
)
_ROUTE = re.compile(r"@(?:\[[^\]]*\]|[^,:\[\]]+)(?:,@(?:\[[^\]]*\]|[^,:\[\]]+))*:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# all but what RFC 5322 §3.2.3 keeps out of an atom: a class that names letters to the last one is slow to make
_ATOM = re.compile(r'[^\x00-\x20\x7f"(),.:;<>@\[\\\]]+')
_DOT_STRING = re.compile(rf"{_ATOM.pattern}(?:\.{_ATOM.pattern})*")
_LOOSE_STRING = re.compile(r'[^\x00-\x20\x7f"(),:;<>@\[\\\]]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_UPPER = {n: n + 32 for n in range(ord("A"), ord("Z") + 1)}


def path_address(text: str, *, smtputf8: bool, sender: bool = False) -> str:
    """The address of a reverse-path or forward-path, given without its angle brackets, in one spelling.

    Source route and last dot stripped, domain in lower case as A-labels, local part quoted only when it must be; its
    case is kept. `<>` and a bare `postmaster` are for the caller to know.

    Raises  PermanentError 501 5.1.3 (5.1.7 with sender)  it is no address; the sender keeps the mail
            PermanentError 553 5.1.3 (5.1.7 with sender)  it needs SMTPUTF8, which the client did not ask for
    """
    status = "5.1.7" if sender else "5.1.3"
    if not text.isascii() and not smtputf8 and not _CONTROL.search(text):
        raise PermanentError("this address needs SMTPUTF8", code=553, status=status)
    try:
        return _canonical(text)
    except ValueError as e:
        raise PermanentError(f"bad address syntax: {e}", code=501, status=status) from None


def normal(address: str) -> str:
    """The spelling to compare by: ASCII lower case, domain as A-labels; no other letters are merged.

    What is no address comes back in lower case, never an error.
    """
    lowered = address.translate(_UPPER)
    if _PLAIN.fullmatch(lowered) and len(lowered) <= MAX_ADDRESS_OCTETS:
        return lowered
    try:
        return _canonical(lowered).translate(_UPPER)
    except ValueError:
        return lowered


def domain_of(address: str) -> str:
    """The domain, lower case, as A-labels; empty when there is none."""
    return normal(address).rpartition("@")[2] if "@" in address else ""


def sub_address(address: str, delimiter: str) -> tuple[str, str | None]:
    """`support+t4812.T@x` becomes (`support@x`, `t4812.T`); the second is None when there is no delimiter."""
    local, at, domain = address.rpartition("@")
    quoted = len(local) > 1 and local[0] == local[-1] == '"'
    name, found, detail = (local[1:-1] if quoted else local).partition(delimiter) if delimiter else (local, "", "")
    if not at or not found or not name:
        return address, None
    return f'"{name}"@{domain}' if quoted else f"{name}@{domain}", detail


@dataclass(frozen=True, slots=True)
class OwnAddresses(Container[str]):
    """Who is one of us: each address of ours with all its sub-addresses, and people by their addresses alone.

    A reply address, a command address and a bounce address are sub-addresses, whether or not they come back to us.
    """

    ours: frozenset[str]  # in normal form
    delimiter: str
    people: frozenset[str] = frozenset()  # in normal form

    def __contains__(self, address: object) -> bool:
        """Whether an address, in any spelling, is one of them."""
        if not isinstance(address, str):
            return False
        found = normal(address)
        return found in self.people or found in self.ours or any(base in self.ours for base in self._bases(found))

    def _bases(self, address: str) -> Iterator[str]:
        """What may stand before its sub-address: a name may hold the delimiter itself."""
        local, at, domain = address.rpartition("@")
        quoted = len(local) > 1 and local[0] == local[-1] == '"'
        name = local[1:-1] if quoted else local
        for place, letter in enumerate(name):
            if at and place and letter == self.delimiter:
                base = f'"{name[:place]}"@{domain}' if quoted else f"{name[:place]}@{domain}"
                yield normal(base)


def author(
    values: Sequence[str], charset: str | None = None, comment_depth: int = MAX_COMMENT_DEPTH
) -> tuple[Mailbox | None, bool]:
    """The author, and whether the From fields can be read in more than one way; then there is no author.

    values   of all From fields, unfolded, encoded words not decoded
    charset  what octets that are no UTF-8 most likely are
    A reading counts as certain only when every parser must agree: one field, one mailbox, no group, no route, no second
    `@`, `<` or comma outside quoted strings and comments, nothing unclosed, no encoded word in the address, no dot
    behind the domain: RFC 5322 has none there, and whoever looks up its DMARC policy may find another one. Only the
    same address twice, once as the name, is one reading: programs that know no name write that.
    (None, False) means that nobody is named.
    """
    if len(values) != 1:
        return None, len(values) > 1
    tokens = tuple(field_tokens(values[0], comment_depth))
    found = tuple(candidates(tokens, charset))
    specials = [t.text for t in tokens if t.kind == "special"]
    if "@" not in specials and not {",", ";", ":"} & set(specials):
        return None, "\0" in values[0] or any(t.broken for t in tokens)
    said_twice = (
        len(found) == 1 and specials == ["@", "<", "@", ">"] and normal(found[0].name) == normal(found[0].address)
    )
    certain = (
        len(found) == 1
        and (specials in (["@"], ["<", "@", ">"]) or said_twice)
        and "\0" not in values[0]
        and not any(t.broken for t in tokens)
        and not found[0].loose
        and not found[0].address.endswith(".")
    )
    try:
        return (Mailbox(found[0].name, _readable(found[0].address)), False) if certain else (None, True)
    except ValueError:
        return None, True


def mailboxes(
    values: Sequence[str], limit: int, charset: str | None = None, comment_depth: int = MAX_COMMENT_DEPTH
) -> tuple[Mailbox, ...]:
    """The mailboxes that fields such as To name, in order, repeats dropped; what is no address is left out.

    values   unfolded, encoded words not decoded.  limit  how many are kept
    charset  what octets that are no UTF-8 most likely are
    """
    found: dict[str, Mailbox] = {}
    for value in values:
        for candidate in candidates(field_tokens(value, comment_depth), charset):
            if len(found) >= limit:
                return tuple(found.values())
            written = candidate.address
            if written[:1] == written[-1:] == "'":  # the quotes of a program that meant `"`
                written = written[1:-1]
            try:
                address = _readable(written)
            except ValueError:
                continue
            found.setdefault(normal(address), Mailbox(candidate.name, address))
    return tuple(found.values())


def _readable(text: str) -> str:
    """The address in one spelling, of letters that no store and no program writes in another way (RFC 6532 §3.1)."""
    if not unicodedata.is_normalized("NFC", text):  # composing them here would turn some into ASCII: somebody else
        raise ValueError("letters that are not composed")
    return _canonical(text)


def _canonical(text: str) -> str:
    """The address in one spelling; ValueError says what is wrong, in words that are safe for the peer."""
    if len(text) > _MAX_PATH:
        raise ValueError("too long")
    if _CONTROL.search(text):
        raise ValueError("control character")
    if text.startswith("@") and (route := _ROUTE.match(text)):
        text = text[route.end() :]
    local, at, domain = text.rpartition("@")
    if not at:
        raise ValueError("no @")
    address = f"{_local_part(local)}@{_domain(domain)}"
    if len(address.encode()) > MAX_ADDRESS_OCTETS:
        raise ValueError("too long")
    return address


def _local_part(text: str) -> str:
    if _DOT_STRING.fullmatch(text):
        return text
    if quoted := _QUOTED.fullmatch(text):
        content = re.sub(r"\\(.)", r"\1", quoted[1])
        if not content:
            raise ValueError("empty local part")
        if _DOT_STRING.fullmatch(content):
            return content
    elif _LOOSE_STRING.fullmatch(text):
        content = text
    else:
        raise ValueError("local part")
    escaped = content.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _domain(text: str) -> str:
    if text.startswith("["):
        return _literal(text)
    text = text.removesuffix(".")
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    labels = [_label(label) for label in text.translate(_UPPER).split(".")]
    domain = ".".join(labels)
    if len(domain) > 253:
        raise ValueError("domain too long")
    return domain


def _label(label: str) -> str:
    if not label.isascii():
        label = label.lower()
        # RFC 5892: letters, marks and digits that compatibility mapping leaves alone; no other dots, no full width
        if unicodedata.normalize("NFKC", label) != label or label.startswith("xn--"):
            raise ValueError("domain")
        if any(unicodedata.category(c)[0] not in "LMN" and c not in "-_" for c in label):
            raise ValueError("domain")
        label = "xn--" + label.encode("punycode").decode("ascii")
    elif label.startswith("xn--"):
        try:
            label[4:].encode("ascii").decode("punycode")
        except (UnicodeError, ValueError, OverflowError):
            raise ValueError("domain") from None
    if not _LABEL.fullmatch(label):
        raise ValueError("domain")
    return label


def _literal(text: str) -> str:
    if not text.endswith("]"):
        raise ValueError("address literal")
    inner = text[1:-1]
    try:
        if inner[:5].lower() == "ipv6:":
            return f"[IPv6:{ipaddress.IPv6Address(inner[5:])}]"
        return f"[{ipaddress.IPv4Address(inner)}]"
    except ValueError:
        raise ValueError("address literal") from None
