"""What goes wrong in the demo data: codes, messages and stack traces as the platforms write them. Pure data.

Nothing here names a person; Microsoft Entra itself writes `{EmailHidden}` in the place of a UPN.
"""

from dataclasses import dataclass

APP_ID = "4f1a2c5e-6d3b-4c8a-9e57-0b7d8c2f6a41"


@dataclass(frozen=True, slots=True)
class Failure:
    """One sort of failure that comes up again and again; empty texts are left out of the report."""

    kind: str
    code: str = ""
    message: str = ""
    exception: str = ""
    stack_trace: str = ""
    operation: str = ""
    log: tuple[str, ...] = ()


SIGN_IN = {
    Failure(
        "SIGN_IN",
        "AADSTS50105",
        "AADSTS50105: Your administrator has configured the application SalesTim Automation "
        f"('{APP_ID}') to block users unless they are specifically granted ('assigned') access to the application. "
        "The signed in user '{EmailHidden}' is blocked because they are not a direct member of a group with access.",
    ): 9.0,
    Failure(
        "SIGN_IN",
        "AADSTS65001",
        f"AADSTS65001: The user or administrator has not consented to use the application with ID '{APP_ID}' "
        "named 'SalesTim Automation'. Send an interactive authorization request for this user and resource.",
    ): 6.0,
    Failure(
        "SIGN_IN",
        "AADSTS50076",
        "AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new "
        "location, you must use multi-factor authentication to access this resource.",
    ): 5.0,
    Failure(
        "SIGN_IN", "AADSTS70008", "AADSTS70008: The provided authorization code or refresh token has expired."
    ): 3.0,
    Failure("SIGN_IN", "AADSTS53003", "AADSTS53003: Access has been blocked by Conditional Access policies."): 2.0,
}

_JS_TRACE = """TypeError: Cannot read properties of undefined (reading 'displayName')
    at TeamCard.render (https://app.salestim.example/static/js/main.7f3c1a.js:2:184733)
    at finishClassComponent (https://app.salestim.example/static/js/vendor.01bd44.js:1:88210)
    at beginWork (https://app.salestim.example/static/js/vendor.01bd44.js:1:93417)
    at performUnitOfWork (https://app.salestim.example/static/js/vendor.01bd44.js:1:112086)"""
_JS_CHUNK_TRACE = """ChunkLoadError: Loading chunk 14 failed.
(missing: https://app.salestim.example/static/js/14.9be2d0.chunk.js)
    at Function.a.e (https://app.salestim.example/static/js/runtime.52ac.js:1:1530)
    at onRouteEnter (https://app.salestim.example/static/js/main.7f3c1a.js:2:20914)"""
_DOTNET_TRACE = """Microsoft.Graph.ServiceException: Code: TooManyRequests
Message: Too many requests from Identifier under category:throttle.group.teams.
   at Microsoft.Graph.HttpProvider.SendAsync(HttpRequestMessage request, HttpCompletionOption completionOption)
   at SalesTim.Provisioning.Teams.TeamFactory.CreateAsync(TeamRequest request) in /src/Teams/TeamFactory.cs:line 118
   at SalesTim.Provisioning.Worker.RunAsync(CancellationToken token) in /src/Worker.cs:line 64"""
_DOTNET_NULL_TRACE = """System.NullReferenceException: Object reference not set to an instance of an object.
   at SalesTim.Provisioning.Templates.TemplateReader.ReadChannels(Template template) in /src/TemplateReader.cs:line 77
   at SalesTim.Provisioning.Templates.TemplateReader.Read(Guid id) in /src/TemplateReader.cs:line 31"""
_PYTHON_TRACE = """Traceback (most recent call last):
  File "/app/connector/sync.py", line 212, in run
    members = page_members(group_id)
  File "/app/connector/graph.py", line 88, in page_members
    return [member["id"] for member in answer["value"]]
KeyError: 'value'"""

EXCEPTIONS = {
    Failure(
        "EXCEPTION",
        "",
        "Rendering the team list failed",
        "TypeError",
        _JS_TRACE,
        log=("route /teams", "render TeamCard"),
    ): 8.0,
    Failure("EXCEPTION", "", "A part of the app could not be loaded", "ChunkLoadError", _JS_CHUNK_TRACE): 4.0,
    Failure(
        "EXCEPTION",
        "TooManyRequests",
        "Creating a team was throttled",
        "Microsoft.Graph.ServiceException",
        _DOTNET_TRACE,
        log=("POST /teams 429", "retry 1 of 3 in 4 s", "retry 2 of 3 in 16 s", "gave up"),
    ): 5.0,
    Failure("EXCEPTION", "", "Reading a template failed", "System.NullReferenceException", _DOTNET_NULL_TRACE): 3.0,
    Failure("EXCEPTION", "", "Synchronising members failed", "KeyError", _PYTHON_TRACE): 3.0,
}

# What a faulty release brought on one day to everybody who had it.
INCIDENT = next(iter(EXCEPTIONS))

NETWORK = {
    Failure("NETWORK", "ERR_NETWORK_CHANGED", "The request was interrupted because the network changed."): 4.0,
    Failure("NETWORK", "ETIMEDOUT", "The request to graph.microsoft.com timed out after 30000 ms."): 5.0,
    Failure("NETWORK", "ERR_INTERNET_DISCONNECTED", "The device was offline."): 2.0,
}
PERFORMANCE = {
    Failure("PERFORMANCE", operation="open team list"): 6.0,
    Failure("PERFORMANCE", operation="load template gallery"): 4.0,
    Failure("PERFORMANCE", operation="submit request"): 2.0,
}
FAILURES = {
    **{failure: weight * 1.3 for failure, weight in SIGN_IN.items()},
    **EXCEPTIONS,
    **NETWORK,
    **PERFORMANCE,
    Failure("OTHER", "TAB_CONFIG", "The tab's saved configuration could not be read and was reset."): 1.5,
}
