"""A name server on loopback that knows what a test tells it, over UDP and TCP."""

import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Mapping, Sequence

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

_LARGEST_DATAGRAM = 512
Zone = dict[tuple[str, str], Sequence[str]]


class Nameserver:
    """Of one zone, by (name, type). What is not in it is NXDOMAIN; `silent` names get no answer at all."""

    def __init__(self, zone: Mapping[tuple[str, str], Sequence[str]], silent: Sequence[str] = ()) -> None:
        self.zone, self.silent = dict(zone), tuple(silent)
        self.asked: Counter[str] = Counter()

    def __enter__(self) -> "Nameserver":
        ask = self._answer

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                octets, peer = self.request
                if (answer := ask(octets)) is not None:
                    whole = answer.to_wire()
                    if len(whole) > _LARGEST_DATAGRAM:
                        answer.flags |= dns.flags.TC
                        answer.answer.clear()
                        whole = answer.to_wire()
                    peer.sendto(whole, self.client_address)

        class Stream(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                (length,) = struct.unpack("!H", self.rfile.read(2))
                if (answer := ask(self.rfile.read(length))) is not None:
                    whole = answer.to_wire(max_size=65535)
                    self.wfile.write(struct.pack("!H", len(whole)) + whole)

        tcp = socketserver.TCPServer(("127.0.0.1", 0), Stream)
        self.port = int(tcp.server_address[1])
        udp = socketserver.UDPServer(("127.0.0.1", self.port), Datagram)
        self._servers = (udp, tcp)
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def place(self) -> str:
        """host:port, as `auth.resolver` wants it."""
        return f"127.0.0.1:{self.port}"

    def _answer(self, octets: bytes) -> dns.message.Message | None:
        query = dns.message.from_wire(octets)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked[name] += 1
        if any(name == s or name.endswith(f".{s}") for s in self.silent):
            return None
        answer = dns.message.make_response(query)
        records = self.zone.get((name, kind), ())
        if records:
            answer.answer.append(
                dns.rrset.from_text_list(question.name, 60, "IN", kind, [_text(kind, r) for r in records])
            )
        elif not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


def _text(kind: str, record: str) -> str:
    """In the presentation format: a long TXT in pieces of 255 octets."""
    if kind != "TXT":
        return record
    return " ".join(f'"{record[i : i + 255]}"' for i in range(0, len(record), 255))
