"""An operation as it is asked and as it is answered, between the HTTP edge and the schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auth.principal import Principal


@dataclass(frozen=True, slots=True)
class Ask:
    """One operation: the document, its variables, who asks and from where."""

    query: str
    principal: Principal
    request_id: str
    now: datetime
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    operation_name: str | None = None
    address: str | None = field(default=None, repr=False)
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The response: `executed` tells whether it has a `data` entry; `codes` are those of its errors.

    `needs_post` tells that it was refused only because it was sent with GET.
    """

    body: dict[str, Any] = field(repr=False)
    executed: bool
    codes: tuple[str, ...] = ()
    operation: str | None = None
    needs_post: bool = False
