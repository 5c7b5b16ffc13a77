"""How plain fields read what stores return: a stored document by its GraphQL name, any other object by attribute."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from strawberry.utils.str_converters import to_camel_case

graphql_name = lru_cache(maxsize=1024)(to_camel_case)


def read_field(source: Any, python_name: str) -> Any:
    """Return the value of a plain field; a document without it has null there."""
    if isinstance(source, Mapping):
        if python_name == "id":
            return str(source["_id"])
        return source.get(graphql_name(python_name))
    return getattr(source, python_name)


def stored(value: object) -> Any:
    """Return a stored document (or page of them) where the schema's type is stated: documents go out as they are."""
    return value
