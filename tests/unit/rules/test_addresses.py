"""Whose connection it is, and how many come from one place."""

from ipaddress import ip_address, ip_network

import pytest

from kentong.server.rules.addresses import (
    ROOM_MIN,
    Admission,
    Crowd,
    client_address,
    is_trusted,
    parse_address,
    place_of,
)

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:8080", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:8080", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_address_as_proxies_and_sockets_write_it(text: str, address: str) -> None:
    assert parse_address(text) == ip_address(address)


@pytest.mark.parametrize("text", ["", "unknown", "_hidden", "192.0.2", "1.2.3.4.5", "["])
def test_what_is_no_address(text: str) -> None:
    assert parse_address(text) is None


def client(peer: str, *hops: str) -> str:
    return str(client_address(ip_address(peer), hops, PROXIES))


def test_stranger_cannot_choose_an_address() -> None:
    assert client("192.0.2.1", "198.51.100.1") == "192.0.2.1"


def test_proxy_is_believed_for_the_hop_before_it() -> None:
    assert client("10.0.0.1", "198.51.100.1") == "198.51.100.1"
    assert client("10.0.0.1", "203.0.113.9", "198.51.100.1") == "198.51.100.1"


def test_chain_of_proxies() -> None:
    assert client("fd00::1", "203.0.113.9", "198.51.100.1", "10.0.0.2") == "198.51.100.1"


def test_proxies_all_the_way() -> None:
    assert client("10.0.0.1") == "10.0.0.1"
    assert client("10.0.0.1", "10.0.0.3", "10.0.0.2") == "10.0.0.3"


def test_unreadable_hop_ends_the_walk() -> None:
    assert client("10.0.0.1", "198.51.100.1", "unknown") == "10.0.0.1"


def test_mixed_families_do_not_match() -> None:
    assert not is_trusted(ip_address("2001:db8::1"), PROXIES)
    assert is_trusted(ip_address("fd12::1"), PROXIES)


def test_ipv6_counts_by_its_64() -> None:
    home = place_of(ip_address("2001:db8:0:1::1"))
    assert place_of(ip_address("2001:db8:0:1:ffff::2")) == home
    assert place_of(ip_address("2001:db8:0:2::1")) != home
    assert place_of(ip_address("192.0.2.1")) != place_of(ip_address("192.0.2.2"))


TAKEN, TOLD, TURNED_AWAY = Admission.TAKEN, Admission.TOLD, Admission.TURNED_AWAY


def test_crowd_is_capped_in_all() -> None:
    crowd = Crowd(2, 9)
    found = [crowd.enter() for _ in range(3 + ROOM_MIN)]
    assert found == [TAKEN] * 2 + [TOLD] * ROOM_MIN + [TURNED_AWAY]
    for _ in range(ROOM_MIN + 1):
        crowd.leave(None)
    assert crowd.enter() is TAKEN
    assert crowd.total == 2


def test_a_large_crowd_is_told_in_proportion() -> None:
    crowd = Crowd(32_000, 9)
    found = [crowd.enter() for _ in range(40_000)]
    assert found.count(TOLD) == 2_000


def test_crowd_is_capped_by_place() -> None:
    crowd = Crowd(9, 1)
    assert crowd.enter() is TAKEN
    assert [crowd.settle("a") for _ in range(3)] == [TAKEN, TOLD, TURNED_AWAY]
    assert crowd.settle("b") is TAKEN
    crowd.leave("a")
    crowd.leave("a")
    assert crowd.settle("a") is TAKEN


def test_place_keeps_count_of_all_its_connections() -> None:
    crowd = Crowd(9, 2)
    assert [crowd.settle("a") for _ in range(5)] == [TAKEN, TAKEN, TOLD, TOLD, TURNED_AWAY]
    crowd.leave("a")
    assert crowd.settle("a") is TOLD
