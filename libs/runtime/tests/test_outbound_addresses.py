from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.runtime.outbound.addresses import RefusedTarget, TargetRules, origin_of

INSIDE = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", INSIDE)
def test_refuses_addresses_inside_the_platforms_network(address: str) -> None:
    rules = TargetRules()
    with pytest.raises(RefusedTarget):
        rules.check_address("erp.example.org", ip_address(address))
    with pytest.raises(RefusedTarget):
        rules.check_url(f"https://[{address}]/" if ":" in address else f"https://{address}/")


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_allows_public_addresses(address: str) -> None:
    TargetRules().check_address("erp.example.org", ip_address(address))


@pytest.mark.parametrize("address", INSIDE)
def test_everything_is_open_where_the_operator_says_so(address: str) -> None:
    TargetRules(allow_private=True).check_address("laptop", ip_address(address))


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("ftp://erp.example.org/", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("gopher://erp.example.org/", "only http and https"),
        ("https:///path", "names no host"),
        ("https://user:secret@erp.example.org/", "no user information"),
        ("https://erp.example.org\\@10.0.0.1/", "backslash"),
        ("https://erp.example.org/ x", "printable"),
        ("https://erp.example.org/\r\nHost: evil", "printable"),
        ("https://erp.example.org:99999/", "no valid URL"),
        ("https://[::1/", "no valid URL"),
        ("https://127%2e0.0.1/", "names no host"),
        ("https://１２７.0.0.1/", "printable"),
        ("", "printable"),
    ],
)
def test_refuses_urls_that_two_parsers_could_read_differently(url: str, rule: str) -> None:
    with pytest.raises(RefusedTarget, match=rule):
        origin_of(url)


def test_origin_has_the_default_port_and_a_lower_case_host() -> None:
    assert str(origin_of("https://ERP.example.org./a?b#c")) == "https://erp.example.org:443"
    assert str(origin_of("http://[2001:db8::1]:8080/")) == "http://[2001:db8::1]:8080"


def test_an_allow_list_of_names_refuses_all_others_before_any_look_up() -> None:
    rules = TargetRules(["erp.example.org", "*.grid.example"])
    rules.check_url("https://erp.example.org/x")
    rules.check_url("https://a.b.grid.example/x")
    for url in ("https://example.org/", "https://grid.example/", "https://erp.example.org.evil.example/"):
        with pytest.raises(RefusedTarget, match="allow-list"):
            rules.check_url(url)


def test_an_allow_list_opens_private_addresses_but_never_loopback_or_metadata() -> None:
    rules = TargetRules(["erp.example.org", "10.2.0.0/16"])
    rules.check_address("erp.example.org", ip_address("192.168.3.4"))
    rules.check_address("other.example.org", ip_address("10.2.3.4"))
    rules.check_url("https://10.2.3.4/")
    for host, address in (
        ("erp.example.org", "127.0.0.1"),
        ("erp.example.org", "169.254.169.254"),
        ("erp.example.org", "100.100.100.200"),
        ("other.example.org", "10.3.0.1"),
        ("other.example.org", "93.184.215.14"),
    ):
        with pytest.raises(RefusedTarget):
            rules.check_address(host, ip_address(address))


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "http://a", "a b", "", "-a"])
def test_an_entry_that_is_neither_name_nor_network_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"neither a host name|no network"):
        TargetRules([entry])


@given(st.text(max_size=80))
def test_any_text_has_a_host_or_is_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"http://{text}/"):
        with suppress(RefusedTarget):
            assert origin_of(url).host
