"""Which texts are refused as identities, and which are not."""

import ipaddress
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identity.rules import identity_in

ASCII = string.ascii_lowercase + string.digits
ENDINGS = st.sampled_from(["com", "de", "io", "onmicrosoft.com", "co.uk", "example", "photography", "xn--p1ai"])
LABELS = st.text(ASCII, min_size=1, max_size=20).filter(lambda label: any(letter.isalpha() for letter in label))
DOMAINS = st.builds(lambda label, ending: f"{label}.{ending}", LABELS, ENDINGS)
AROUND = st.sampled_from(["", "Windows ", "SalesTim ", "(", "on "])


@pytest.mark.parametrize(
    "text",
    ["SalesTim Automation", "iPhone", "iPhone12,1", "MacBookPro18,3", "SM-G991B", "HP EliteBook 840 G8", "Surface Pro 7+",
     "iPhoneiOS", "Node.js", "Node.js 20.11.1", "ASP.NET Core", "Windows", "Windows NT", "10.0.19045.3803", "8.3",
     "10.0.22621.1", "17.1.2", "Ubuntu 22.04.3 LTS", "5.15.0-91-generic", "6.1.7601.17514", "15.0 (19A346)", "EN-US",
     "zh-Hant-TW", "macOS 14.2.1", "Microsoft Teams 1.6.00.33567", "Pixel 8 Pro", "v1.2.3-beta.4", "Intel(R) Core(TM)",
     "Dell Inc. XPS 15", "", "Galaxy S21 5G", "Nintendo Switch", "iPhone14,2", "Windows NT 10.0; Win64", "2.0.0.0",
     "Debian GNU/Linux 12", "GNU/kFreeBSD", "Microsoft .NET Framework 4.8", "SalesTim-Desktop", "HP-Laptop-15", "Tablet-PC",
     "All-in-One-PC", "Check Point Endpoint Security", "Echo Dot Kids", "iOS/17.2", "Linux 5.15.0-91-generic #101-Ubuntu SMP",
     "Intel(R) Core(TM) i7-1185G7 @ 3.00GHz", "1.2.3+20231105", "24165.1410.2974.6689", "49/24062722442", "RP1A.200720.012",
     "moto g(60)", "Redmi Note 12 Pro+ 5G", "X11; Linux x86_64", "Mac OS X 10_15_7", "CPU OS 17_1_2 like Mac OS X",
     "ChromeOS 120.0.6099.272", "Windows 7/8/10/11", "Micro-Star International Co., Ltd.", "Amazon Fire HD 10 (2023)",
     "10.0.19045.3803 (WinBuild.160101.0800)", "MacBook Pro (16-inch, 2023)", "Precision 5570", "Surface Duo", "Dark",
     "Contrast", "production", "prod-eu-1", "enterprise", "Microsoft 365 E3", "O365_BUSINESS_PREMIUM"],
)  # fmt: skip
def test_names_of_apps_devices_and_systems_pass(text: str) -> None:
    """No false alarm for what the notice asks for."""
    assert identity_in(text) is None


@pytest.mark.parametrize(
    "text",
    ["bob@contoso.com", "bob\uff20contoso.com", "bob%40contoso", "contoso.com", "CONTOSO.ONMICROSOFT.COM", "contoso。com",
     "con\u200btoso.com", "bücher.example", "app.contoso.de:443", "10.1.2.3", "010.001.002.003", "v10.1.2.3", "fe80::1",
     "2001:db8:0:0:0:0:0:1", "00:1B:44:11:3A:B7", "2F1B0D3C-1111-4222-8333-123456789ABC", "2f1b0d3c111142228333123456789abc",
     "CONTOSO\\bob", "https://intranet", "Bob's iPhone", "Bob\u2019s MacBook Pro", "iPhone de Marie", "DESKTOP-4F7K2QX",
     "S-1-5-21-1-2-3-1001", "eyJhbGciOiJIUzI1NiJ9", "+43 660 1234567", "163.com"],
)  # fmt: skip
def test_what_could_identify_somebody_is_refused(text: str) -> None:
    """Addresses, ids, domains, accounts and names of people's devices, also in disguise."""
    assert identity_in(text) is not None


@pytest.mark.parametrize(
    "text",
    ["5E872200 F546 4CCD 8F23 AF5F507AA2DD", "5E872200.F546.4CCD.8F23.AF5F507AA2DD", "5E872200/F546/4CCD/8F23/AF5F507AA2DD",
     "5E872200-F546-4CCD-8F23", "192 168 1 10", "192,168,1,10", "192-168-1-10", "192_168_1_10", "10.1.2.3.4",
     "\u0661\u0660.\u0661.\u0662.\u0663", "2001-db8-0-0-0-0-0-1", "fe80--1", "contoso .com", "contoso. com", "contoso.com.5",
     "contoso\ua4f8com", "contoso\u00b7com", "contoso\u0701com", "contoso dot com", "alice at contoso dot com",
     "alice_contoso_com", "alice-hawking-contoso-com", "alice%2540contoso%252ecom", "alice&#64;contoso", "alice [ at ] x",
     "CN=Alice Hawking,OU=x", "DOMAIN/alice", "user: alice", "Alices-MacBook-Pro", "ALICE-LAPTOP", "ALICEHAWK-PC",
     "LAPTOP-ABCDEFG", "iPhone d'Alice", "iPhone di Alice", "Bob\u00b4s iPhone", "0049301234567"],
)  # fmt: skip
def test_other_separators_and_spellings_hide_nothing(text: str) -> None:
    """The same identities with the punctuation exchanged, spelt out, encoded or joined."""
    assert identity_in(text) is not None


@given(AROUND, st.ip_addresses(v=4).filter(lambda address: not str(address).endswith(".0.0.0")))
def test_every_ipv4_address_is_refused(before: str, address: ipaddress.IPv4Address) -> None:
    """Whatever stands before it; but 2.0.0.0 is a version, and as an address it is nobody's."""
    assert identity_in(f"{before}{address}") is not None


@given(AROUND, st.ip_addresses(v=6))
def test_every_ipv6_address_is_refused(before: str, address: ipaddress.IPv6Address) -> None:
    """Short and long forms."""
    assert identity_in(f"{before}{address}") is not None
    assert identity_in(f"{before}{address.exploded}") is not None


@given(AROUND, DOMAINS)
def test_every_domain_is_refused(before: str, domain: str) -> None:
    """Known endings and new ones."""
    assert identity_in(f"{before}{domain}") is not None


@given(AROUND, st.emails())
def test_every_email_address_is_refused(before: str, address: str) -> None:
    """UPNs have the same form."""
    assert identity_in(f"{before}{address}") is not None


@given(AROUND, st.uuids(), st.booleans())
def test_every_guid_is_refused(before: str, guid: object, bare: bool) -> None:  # noqa: FBT001 - drawn
    """With dashes or without."""
    text = str(guid).replace("-", "") if bare else str(guid).upper()
    assert identity_in(f"{before}{text}") is not None


@given(st.integers(1, 99), st.integers(0, 99), st.integers(256, 99_999), st.integers(0, 99_999))
def test_windows_versions_pass(major: int, minor: int, build: int, revision: int) -> None:
    """Four numbers of which one is no octet are a version."""
    assert identity_in(f"{major}.{minor}.{build}.{revision}") is None
