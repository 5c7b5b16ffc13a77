"""The shapes of languages, versions and words: what is real has them, what could hold an identity does not."""

import pytest

from app.identity.reading import is_one_line, is_visible
from app.identity.shapes import is_language_tag, is_version, is_word


@pytest.mark.parametrize(
    "text", ["EN-US", "en", "zh-Hant-TW", "es-419", "sr-Latn-RS", "fil-PH", "en_US", "ca-ES-valencia", "en-US-POSIX"]
)
def test_languages_have_the_shape_of_a_tag(text: str) -> None:
    """Language, script and region as systems write them."""
    assert is_language_tag(text)


@pytest.mark.parametrize(
    "text",
    ["alice-hawking-contoso-com", "en_contoso_com", "en-192-168-1-10", "en-5E872200-F546-4CCD-8F23", "hawking-alice", "alice",
     "", "en-US\n", "en-US alice", "en-1234"],
)  # fmt: skip
def test_a_language_tag_has_no_room_for_an_identity(text: str) -> None:
    """Words of other lengths are no languages, scripts or regions."""
    assert not is_language_tag(text)


@pytest.mark.parametrize(
    "text", ["1.2", "8.3", "10.0.22621.1", "v2.0.0-beta.4", "1.2.3+20231105", "15.0 (19A346)", "24H2"]
)
def test_versions_begin_with_a_number(text: str) -> None:
    """As systems and apps number them."""
    assert is_version(text)


@pytest.mark.parametrize("text", ["alice", "Alice 1.2", "1.2 alice", "1.2\n3", "", "1" * 66])
def test_a_version_is_no_sentence(text: str) -> None:
    """Words beside it are refused."""
    assert not is_version(text)


@pytest.mark.parametrize(
    "text", ["Dark", "Default", "high contrast", "production", "prod-eu-1", "pro", "Microsoft 365 E3"]
)
def test_themes_environments_and_licences_are_words(text: str) -> None:
    """One or a few."""
    assert is_word(text)


@pytest.mark.parametrize("text", ["", " ", "Dark\n", "a@b", "Dark; Alice", "x" * 65])
def test_a_word_is_short_and_plain(text: str) -> None:
    """No punctuation that a list, an address or a sentence needs."""
    assert not is_word(text)


@pytest.mark.parametrize(
    "text", ["", " ", "\u200b", "\u00a0\u2003", "\u3164", "\u115f", "\u2800", "-", "\ufe0f", "\u034f"]
)
def test_blanks_and_invisible_characters_say_nothing(text: str) -> None:
    """Whatever Unicode calls them."""
    assert not is_visible(text)


def test_controls_and_line_ends_are_seen() -> None:
    """A device's name has none."""
    assert is_one_line("Surface Pro 7+")
    assert not any(is_one_line(f"8.3{letter}Alice") for letter in "\n\r\t\x00\x85\u2028\u202e")
