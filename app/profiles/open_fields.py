"""What the open fields of profiles and companies take: the shape that the notice asks for, and no identity (P6). Pure.

All of the staff read these fields without a support request, so a value that belongs into a restricted field is
refused here. A blank says nothing and passes. Not seen is a name where any word may stand, such as a theme's.
"""

from collections.abc import Callable, Mapping

from app.errors import bad_input
from app.identity.rules import identity_in
from app.identity.shapes import is_language_tag, is_version, is_word

_LANGUAGE = (is_language_tag, "a language tag such as EN-US")
_WORD = (is_word, "a word or a few, of at most 64 characters")
SHAPES: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "locale": _LANGUAGE,
    "msLocale": _LANGUAGE,
    "version": (is_version, "a version such as 1.2"),
    "theme": _WORD,
    "environment": _WORD,
    "license": _WORD,
}


def check_open(field: str, value: str) -> None:
    """Raise `BAD_USER_INPUT` for a text that has not the field's shape, or that looks like an identity."""
    if field not in SHAPES or not value:
        return
    has_shape, shape = SHAPES[field]
    if not has_shape(value):
        raise bad_input(field, f"be {shape}")
    found = identity_in(value)
    if found is not None:
        raise bad_input(field, f"not hold what looks like {found}: the field is open to all staff")
