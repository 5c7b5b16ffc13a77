"""Texts that were seen before come out as they would the first time, and none of them is kept as it came."""

from app.error_reports.patterns import ANYWHERE, IN_IDS
from app.error_reports.scrubbing import Scrubber
from app.error_reports.seen_texts import KEPT, SCRUBBED, SCRUBBED_LONGEST, TEXTS_KEPT

GUID = "2F1B0D3C-1111-4222-8333-123456789ABC"


def test_a_text_seen_before_is_accounted_for_again() -> None:
    """What was removed is told for each report, whether the text was looked through or remembered."""
    text = "seen before: a@b.co and c@d.co from 10.1.2.3"
    first, second = Scrubber(), Scrubber()
    assert first.scrub("message", text) == second.scrub("log", text) == "seen before: [email] and [email] from [ip]"
    assert [(entry["rule"], entry["count"]) for entry in second.account()] == [("email", 2), ("ip", 1)]
    assert {entry["path"] for entry in second.account()} == {"log"}


def test_a_text_with_a_guid_is_looked_through_each_time() -> None:
    """Which ids are known differs between callers, so nothing is remembered of such a text."""
    text, other = f"call of {GUID} failed", f"call of {GUID} by a@b.co failed"
    assert Scrubber().scrub("message", text) == text
    assert Scrubber(frozenset({GUID})).scrub("message", text) == "call of [tenant-id] failed"
    assert Scrubber().scrub("message", text) == text
    assert Scrubber(frozenset({GUID})).scrub("message", other) == "call of [tenant-id] by [email] failed"
    assert Scrubber().scrub("message", other) == f"call of {GUID} by [email] failed"


def test_what_is_kept_of_a_text_is_not_kept_of_an_id() -> None:
    """Ids have rules of their own: what a text may keep inside a long path is not looked for there."""
    text = "src/components/Teams/425-555-0100/index"
    assert Scrubber().scrub("message", text, ANYWHERE) == text
    assert Scrubber().scrub("message", text, ANYWHERE) == text
    assert Scrubber().scrub("reportId", text, IN_IDS) != text


def test_no_text_is_kept_as_it_came_and_few_are_kept() -> None:
    """Of a text with personal data only a keyed hash and what became of it stay, and only of a bounded number."""
    scrubber = Scrubber()
    for number in range(TEXTS_KEPT + 10):
        scrubber.scrub("message", f"bob{number}@contoso.com did it")
        scrubber.scrub("message", f"nobody did it {number}")
    scrubber.scrub("message", "bob@contoso.com " * SCRUBBED_LONGEST)
    assert len(SCRUBBED) <= TEXTS_KEPT
    assert len(KEPT) <= TEXTS_KEPT
    assert "contoso" not in f"{KEPT} {SCRUBBED}"
