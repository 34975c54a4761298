"""Where a webhook may lead: the internet, and nothing that only we can reach, however it is spelled."""

import ipaddress

import pytest

from report_queue.targets import Refused, addresses, networks_of, parse

PUBLIC = "93.184.215.14"

SPELLINGS = {
    "plain text": "http://example.com/",
    "another scheme": "ftp://example.com/",
    "no scheme": "//example.com/",
    "a file": "file:///etc/passwd",
    "loopback": "https://127.0.0.1/",
    "loopback in one number": "https://2130706433/",
    "loopback in octal": "https://0177.0.0.1/",
    "loopback in hex": "https://0x7f000001/",
    "loopback in hex by part": "https://0x7f.0x0.0x0.0x1/",
    "loopback in short": "https://127.1/",
    "loopback with leading zeros": "https://127.000.000.001/",
    "loopback with a dot behind": "https://127.0.0.1./",
    "another loopback": "https://127.255.255.254/",
    "nothing": "https://0.0.0.0/",
    "a private network": "https://10.0.0.1/",
    "another private network": "https://172.16.5.4/",
    "a home network": "https://192.168.1.1/",
    "carriers' shared space": "https://100.64.0.1/",
    "metadata": "https://169.254.169.254/latest/meta-data/",
    "Lambda's own API": "https://169.254.100.1:9001/",
    "broadcast": "https://255.255.255.255/",
    "multicast": "https://224.0.0.1/",
    "documentation": "https://192.0.2.1/",
    "reserved": "https://240.0.0.1/",
    "loopback in IPv6": "https://[::1]/",
    "nothing in IPv6": "https://[::]/",
    "IPv4 in IPv6": "https://[::ffff:127.0.0.1]/",
    "IPv4 in IPv6, in hex": "https://[::ffff:7f00:1]/",
    "public IPv4 in IPv6": f"https://[::ffff:{PUBLIC}]/",
    "compatible IPv6": "https://[::127.0.0.1]/",
    "6to4": "https://[2002:7f00:1::]/",
    "Teredo": "https://[2001:0:7f00:1::]/",
    "NAT64": "https://[64:ff9b::7f00:1]/",
    "metadata in IPv6": "https://[fd00:ec2::254]/",
    "link-local": "https://[fe80::1]/",
    "link-local with a zone": "https://[fe80::1%25eth0]/",
    "site-local": "https://[fec0::1]/",
    "a user": "https://example.com@127.0.0.1/",
    "a user who looks like a host": "https://example.com:443@127.0.0.1/",
    "a backslash": "https://example.com\\@127.0.0.1/",
    "a fragment that hides": "https://127.0.0.1#@example.com/",
    "digits of another script": "https://١٢٧.0.0.1/",
    "wide digits": "https://\uff11\uff12\uff17.0.0.1/",
    "a tab": "https://exam\tple.com/",
    "a line's end": "https://example.com/\r\nHost: inside/",
    "a short name": "https://internal/",
    "an underscore": "https://a_b.example.com/",
    "a name that ends in a number": "https://example.123/",
    "an escaped host": "https://%31%32%37.0.0.1/",
    "the port of mail": "https://example.com:25/",
    "the port of ssh": "https://example.com:22/",
    "no port after the colon": "https://example.com:/",
    "a port that is none": "https://example.com:99999/",
    "no host": "https:///x",
    "brackets around a name": "https://[example.com]/",
    "too long": f"https://example.com/{'a' * 2_000}",
    "empty": "",
}


@pytest.mark.parametrize("url", SPELLINGS.values(), ids=SPELLINGS)
def test_an_address_that_leads_inside_is_refused_however_it_is_spelled(url: str) -> None:
    with pytest.raises(Refused, match=r"^(must|has|leads)"):
        parse(url)


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://example.com", "example.com", "/"),
        ("https://EXAMPLE.com.:443/a?b=c", "example.com", "/a?b=c"),
        ("https://example.com:8443/a", "example.com:8443", "/a"),
        ("https://xn--bcher-kva.example/%C3%BC", "xn--bcher-kva.example", "/%C3%BC"),
        (f"https://{PUBLIC}/", PUBLIC, "/"),
        ("https://[2606:4700::1111]/x", "[2606:4700::1111]", "/x"),
    ],
)
def test_an_address_of_the_internet_is_taken(url: str, authority: str, path: str) -> None:
    target = parse(url)
    assert (target.authority, target.path) == (authority, path)


@pytest.mark.parametrize("found", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"])
def test_a_name_counts_by_all_of_its_addresses(found: str) -> None:
    target = parse("https://rebound.example.com/")
    with pytest.raises(Refused, match="not on the internet"):
        addresses(target, resolve=lambda host, port: [PUBLIC, found])
    assert addresses(target, resolve=lambda host, port: [PUBLIC, PUBLIC]) == (PUBLIC,)


def test_a_deployment_may_allow_networks_of_its_own_and_plain_text_within_them() -> None:
    networks = networks_of("10.1.0.0/16 ::1/128")
    inside = parse("http://10.1.2.3:8080/x", networks=networks)
    assert addresses(inside, networks=networks) == ("10.1.2.3",)
    parse("http://[::1]:80/", networks=networks)
    parse("http://[::ffff:10.1.2.3]/", networks=networks)
    named = parse("http://receiver.example.com:81/", networks=networks)
    assert addresses(named, networks=networks, resolve=lambda host, port: ["10.1.9.9"]) == ("10.1.9.9",)
    for found in (PUBLIC, "10.2.0.1", "127.0.0.1"):  # plain text into the internet, or beside the networks
        with pytest.raises(Refused):
            addresses(named, networks=networks, resolve=lambda host, port, found=found: [found])
    secure = parse("https://example.com:25/", networks=networks)
    with pytest.raises(Refused, match="port"):
        addresses(secure, networks=networks, resolve=lambda host, port: [PUBLIC])


def test_no_private_network_of_the_registry_is_taken_for_the_internet() -> None:
    for network in (
        "0.0.0.0/8",
        "192.0.0.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "192.168.0.0/16",
    ):
        first = ipaddress.ip_network(network)[1]
        with pytest.raises(Refused):
            parse(f"https://{first}/")
