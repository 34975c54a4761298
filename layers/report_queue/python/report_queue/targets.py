"""Which addresses a webhook may lead to: the internet's, and no machine that only we can reach.

    a URL as text ── parse ──► Target ── addresses ──► the checked addresses, one of which is connected to, by number

A name is looked up anew for each delivery, and every address that it has is checked, so that neither a name that leads
inside nor one that changes between look and call gets anywhere. `networks` are those that a deployment allows beside
the internet. It knows nothing of HTTP beyond how a URL is spelled; its messages quote no URL, which may hold a secret.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from report_queue.errors import ReportQueueError

MOST_LETTERS: Final = 2_000
_PORTS: Final = {"https": 443, "http": 80}
_LETTERS: Final = re.compile(r"[!-~]+")  # visible ASCII: what is beyond is spelled in percents or as xn--
_ODD: Final = re.compile(r"[\\\"<>^`{|}]")  # readers of URLs disagree about these
_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*")  # what a system's resolver takes for a part of an IPv4 address

# IPv6 that carries an IPv4 address: a gateway on the way may lead it anywhere.
_CARRIERS: Final = tuple(map(ipaddress.IPv6Network, ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48")))
_WORLD: Final = ipaddress.IPv6Network("2000::/3")  # all of IPv6 that is given to anybody

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]


class Refused(ReportQueueError):
    """The address is none that a webhook may lead to; the message follows its name: "must be …"."""


@dataclass(frozen=True)
class Target:
    """Where a delivery goes."""

    secure: bool
    host: str  # a name in lower case, or an address as it is spelled canonically, without brackets
    port: int
    path: str  # with the query

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.secure else "http"] else f"{host}:{self.port}"


def parse(url: str, *, networks: Sequence[Network] = ()) -> Target:
    """The target of a URL; raises Refused. A name is not looked up here."""
    if not 1 <= len(url) <= MOST_LETTERS or not _LETTERS.fullmatch(url) or _ODD.search(url):
        raise Refused(f"must be a URL of at most {MOST_LETTERS:,} letters of ASCII, without spaces")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("must be a URL such as https://example.com/hooks") from None
    scheme = parts.scheme.lower()
    if scheme != "https" and not (scheme == "http" and networks):
        raise Refused("must begin with https://")
    if "@" in parts.netloc or "#" in url:
        raise Refused("must have no user, no password and no #fragment")
    if not parts.netloc or not parts.hostname or (port is None and parts.netloc.endswith(":")):
        raise Refused("must be a URL such as https://example.com/hooks")
    target = Target(
        secure=scheme == "https",
        host=_host(parts.hostname, bracketed="[" in parts.netloc),
        port=_PORTS[scheme] if port is None else port,
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )
    inside = bool(networks)  # what stands there may listen anywhere; which address it is, is still to be seen
    if not inside and target.port != _PORTS["https"] and target.port < 1_024:
        raise Refused("must have the port 443, or one from 1024 on")
    if (literal := _address(target.host)) is not None:
        check(literal, target, networks=networks)
    return target


def addresses(target: Target, *, networks: Sequence[Network] = (), resolve: Resolve | None = None) -> tuple[str, ...]:
    """The addresses of a target, all of them checked; raises Refused, or OSError where its name is not known."""
    found = [target.host] if _address(target.host) else (resolve or system_resolve)(target.host, target.port)
    known = [ipaddress.ip_address(one.partition("%")[0]) for one in found]
    for one in known:
        check(one, target, networks=networks)
    return tuple(dict.fromkeys(str(one) for one in known))


def check(address: Address, target: Target, *, networks: Sequence[Network] = ()) -> None:
    """Raises Refused where the address is neither the internet's nor in one of the networks."""
    plain = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped else address
    if any(plain in network for network in networks if network.version == plain.version):
        return
    if not _is_public(plain) or plain != address:
        raise Refused("leads to an address that is not on the internet: webhooks do not go there")
    if not target.secure:
        raise Refused("must begin with https://")
    if target.port != _PORTS["https"] and target.port < 1_024:
        raise Refused("must have the port 443, or one from 1024 on")


def networks_of(text: str) -> tuple[Network, ...]:
    """Networks as a setting has them, with spaces between; raises ValueError."""
    return tuple(map(ipaddress.ip_network, text.split()))


def system_resolve(host: str, port: int) -> list[str]:
    """The addresses that this machine's resolver has for a name; raises OSError. It gives up within some 10 s."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _host(given: str, *, bracketed: bool) -> str:
    host = given.lower().removesuffix(".")
    address = _address(host)
    if bracketed:
        if not isinstance(address, ipaddress.IPv6Address) or address.scope_id:
            raise Refused("has brackets around what is no IPv6 address")
        return str(address)
    if address is None and (_NUMBER.fullmatch(host.rpartition(".")[2]) or not _NAME.fullmatch(host)):
        raise Refused("must name its host by a name, or by an address in its usual spelling")
    if address is None and "." not in host and host != "localhost":
        raise Refused("must name its host in full, such as example.com")
    return host


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (
        address not in _WORLD or any(address in carrier for carrier in _CARRIERS)
    ):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
