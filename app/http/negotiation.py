"""Which media type an answer takes, by the Accept header of GraphQL over HTTP."""

from starlette.requests import Request

from app.http.problems import GRAPHQL_JSON, JSON, HttpProblem

_ANY = {"*/*": JSON, "application/*": JSON, JSON: JSON, GRAPHQL_JSON: GRAPHQL_JSON}


def wants_page(request: Request) -> bool:
    """Return whether a browser asks for the explorer."""
    return "text/html" in request.headers.get("accept", "") and "query" not in request.query_params


def choose_media_type(request: Request) -> str:
    """Return the best media type that the caller takes; raises 406 if it takes none of ours."""
    header = request.headers.get("accept", "").strip()
    if not header:
        return JSON
    offers = sorted((_read_offer(part) for part in header.split(",")), key=lambda offer: -offer[1])
    for name, weight in offers:
        if weight > 0 and name in _ANY:
            return _ANY[name]
    raise HttpProblem(406, f"Answers are {GRAPHQL_JSON} or {JSON}.", field="Accept")


def _read_offer(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, float(parameter[2:])
            except ValueError:
                return name, 0.0
    return name, 1.0
