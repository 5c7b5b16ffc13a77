"""`explainAccess`: what each field of an operation would answer for this caller now, why, and what would open it.

The operation is planned and walked, never run, and nothing is receipted, since nothing is disclosed: only guards,
the table of rights and the support gate's own decision are asked. Bounded by the plan's limits, a shorter text, and
`FIELDS_MAX`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, cast

import strawberry
from graphql import GraphQLSchema, ObjectValueNode

from app.errors import ErrorCode, bad_input
from app.support.model import Subject, SupportRequest
from app.support.policy import NEEDS_REQUEST, Allowed, Decision, needs_role
from app.usage.reach import own_reach
from auth.rights import Action, Scope, scopes_of
from graphql_schema.anchors import Anchor, Anchors
from graphql_schema.context import Context, Info
from graphql_schema.guards import RestrictedKind, guarded, inherits, refusal
from graphql_schema.limits import check
from graphql_schema.plan import InvalidDocumentError, make_plan
from graphql_schema.reading import stored
from graphql_schema.selected import FieldWalk, SelectedField
from graphql_schema.usage_reach import NEEDS_OWN, may_take

CHARACTERS_MAX = 20_000
FIELDS_MAX = 500
USES_MAX = 2
REQUESTS_NAMED = 5
SOMEBODY = "(anybody)"  # no person has this id: stands for people of a known company


@strawberry.enum(description="What a field would answer.")
class AccessDecision(StrEnum):
    """Its value, a refusal, or that it depends on what is found."""

    ALLOWED = "ALLOWED"
    REFUSED = "REFUSED"
    DEPENDS = "DEPENDS"


@inherits
@strawberry.type(description="What one field of an operation would answer for the caller now.")
class FieldAccess:
    """One field, the decision and its ground."""

    operation: str | None = strawberry.field(description="The operation's name, if it has one.")
    path: str = strawberry.field(description="Response names with dots; lists have no index.")
    coordinate: str
    decision: AccessDecision
    code: str | None = strawberry.field(description="`extensions.code` of the error that would stand in its place.")
    rule: str = strawberry.field(description="The ground, in words.")
    needs: str | None = strawberry.field(description="What would open it.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided about a field, before it is told."""

    decision: AccessDecision
    rule: str
    code: ErrorCode | None = None
    needs: str | None = None


class Explainer:
    """Explains one document to one caller."""

    def __init__(self, context: Context, schema: GraphQLSchema) -> None:
        """Take the caller's surroundings and the schema that is served."""
        self._context = context
        self._schema = schema
        self._anchors = Anchors(context)
        self._verdicts: dict[SelectedField, Verdict] = {}

    async def explain(self, document: str) -> list[FieldAccess]:
        """Return what each field would answer; raises `BAD_USER_INPUT` or `TOO_COMPLEX` for what could not be run."""
        check("characters", len(document), CHARACTERS_MAX)
        try:
            plan = make_plan(self._schema, document)
        except InvalidDocumentError as error:
            raise bad_input("document", f"be valid: {error.errors[0].message[:200].rstrip('.')}") from None
        fields = FieldWalk(self._schema, plan).fields()
        check("fields to explain", len(fields), FIELDS_MAX)
        return [await self._explain_field(field) for field in fields]

    async def _explain_field(self, field: SelectedField) -> FieldAccess:
        verdict = self._verdicts[field] = await self._judge(field)
        return FieldAccess(
            operation=field.operation,
            path=field.path,
            coordinate=field.coordinate,
            decision=verdict.decision,
            code=verdict.code.value if verdict.code else None,
            rule=verdict.rule,
            needs=verdict.needs,
        )

    async def _judge(self, field: SelectedField) -> Verdict:
        above = self._verdicts[field.parent] if field.parent else None
        if above and field.parent and above.decision is AccessDecision.REFUSED:
            return Verdict(above.decision, f"It goes with {field.parent.path}.", above.code, above.needs)
        own = await self._judge_alone(field)
        if above and field.parent and above.decision is AccessDecision.DEPENDS and own.decision is not REFUSED:
            return Verdict(above.decision, f"It goes with {field.parent.path}.", above.code, above.needs)
        return own

    async def _judge_alone(self, field: SelectedField) -> Verdict:
        guard = field.guard
        if guard is None:
            return self._judge_introspection()
        if guard.restricted is not None:
            return await self._judge_restricted(field, guard.restricted)
        if guard.action is not None:
            return await self._judge_action(field, guard.action)
        return Verdict(AccessDecision.ALLOWED, "It goes with its parent.")

    def _judge_introspection(self) -> Verdict:
        settings = self._context.services.settings
        if settings.in_development or (
            settings.introspection != "development" and not self._context.principal.is_anonymous
        ):
            return Verdict(AccessDecision.ALLOWED, "The schema is told to every caller with a token.")
        return Verdict(REFUSED, "The schema is not told to this caller.", ErrorCode.FORBIDDEN, "a token")

    async def _judge_action(self, field: SelectedField, action: Action) -> Verdict:
        scopes = scopes_of(self._context.principal, action)
        if not scopes:
            refused = refusal(action, field.coordinate)
            rule = f"{action.value}: not a right of this caller's roles."
            return Verdict(REFUSED, rule, refused.code, str(refused.details["needs"]))
        reach = ", ".join(sorted(scope.value for scope in scopes))
        rule = f"{action.value}: {reach}."
        missing = (await self._anchors.of(field)).missing if field.parent is None else None
        if missing is not None:
            return Verdict(REFUSED, f"{rule} There is no such {missing} in reach.", ErrorCode.NOT_FOUND)
        if field.parent is None and _names_somebody(field):
            return Verdict(AccessDecision.DEPENDS, f"{rule} It depends on whom or what it names, and is decided then.")
        if action is Action.READ_USAGE and (field.parent is None or field.type_name == "User"):
            return await self._judge_usage(field, rule)
        return Verdict(AccessDecision.ALLOWED, rule)

    async def _judge_usage(self, field: SelectedField, rule: str) -> Verdict:
        """Usage: the caller's own, or of whom a taken request tells; known where the document says whose it is."""
        principal = self._context.principal
        subject = await self._usage_subject(field)
        own = own_reach(principal)
        if subject is not None and own.covers(subject.company_id, subject.person_id or principal.user_id):
            return Verdict(AccessDecision.ALLOWED, rule)
        if may_take(principal):
            if subject is not None:
                return self._from_decision(await self._decide(subject))
            taken = await self._context.disclosures.disclosure.taken_requests()
            return Verdict(AccessDecision.DEPENDS, f"{rule} {_words(taken)}", needs=NEEDS_REQUEST)
        if subject is not None:
            return _somebody_else(field, rule)
        if field.parent is not None and Scope.ANY in scopes_of(principal, Action.READ_PROFILES):
            return Verdict(AccessDecision.DEPENDS, rule, needs=NEEDS_OWN)
        return Verdict(AccessDecision.ALLOWED, rule)  # whom they see at all is theirs

    async def _usage_subject(self, field: SelectedField) -> Subject | None:
        """Return whose usage the document says that a field gives, None where it does not say."""
        if field.parent is not None:
            return (await self._anchors.of(field.parent)).person
        company = field.literal("companyId")
        return None if company is None else Subject(None, company)

    async def _judge_restricted(self, field: SelectedField, kind: RestrictedKind) -> Verdict:
        """Ask the gate about the subject, if the document tells whom it is about; else about what has been taken."""
        rule = f"Restricted ({kind.value}): opened through a support request that the agent has taken."
        if Scope.TAKEN not in scopes_of(self._context.principal, Action.OPEN_RESTRICTED):
            return Verdict(REFUSED, rule, ErrorCode.FORBIDDEN, needs_role(self._context.principal))
        anchor = await self._anchors.of(field.parent) if field.parent else Anchor()
        subject = anchor.company if field.type_name == "Company" else anchor.person
        if subject is not None:
            return self._from_decision(await self._decide(subject))
        company_id = anchor.company.company_id if anchor.company else None
        anybody = await self._decide(Subject(SOMEBODY, company_id))
        taken = await self._context.disclosures.disclosure.taken_requests()
        if isinstance(anybody, Allowed) or not taken:  # for everybody who may be found, or for nobody
            return self._from_decision(anybody)
        needs = f"{NEEDS_REQUEST}. {_words(taken)}"
        return Verdict(AccessDecision.DEPENDS, rule, ErrorCode.SUPPORT_REQUEST_REQUIRED, needs)

    async def _decide(self, subject: Subject) -> Decision:
        return (await self._context.disclosures.disclosure.decisions([subject]))[subject]

    def _from_decision(self, decision: Decision) -> Verdict:
        if isinstance(decision, Allowed):
            through = f" Request {decision.request_id}." if decision.request_id else ""
            return Verdict(AccessDecision.ALLOWED, f"{decision.reason}{through}")
        return Verdict(REFUSED, decision.reason, decision.code, decision.needs)


REFUSED = AccessDecision.REFUSED


def _somebody_else(field: SelectedField, rule: str) -> Verdict:
    """Return the verdict about usage that is not the caller's, and that nothing could open to them."""
    if field.parent is None:
        return Verdict(REFUSED, f"{rule} There is no such company in reach.", ErrorCode.NOT_FOUND)
    return Verdict(REFUSED, rule, ErrorCode.FORBIDDEN, NEEDS_OWN)


def _names_somebody(field: SelectedField) -> bool:
    """Return whether a mutation is about somebody, or about a request, that its arguments choose."""
    given = {argument.name.value: argument.value for argument in field.node.arguments or ()}
    if field.coordinate == "Mutation.openSupportRequest":
        asked = given.get("input")
        names = {part.name.value for part in asked.fields} if isinstance(asked, ObjectValueNode) else {"subject"}
        return "subject" in names
    return field.type_name == "Mutation" and not given.keys().isdisjoint({"id", "companyId"})


def _words(taken: list[SupportRequest]) -> str:
    """Say what the caller's taken requests open."""
    if not taken:
        return "You have taken no request."
    told = [
        f"{request['_id']} opens {_about(request)} until {request['accessEndsAt'].isoformat(timespec='minutes')}"
        for request in taken[:REQUESTS_NAMED]
    ]
    more = f"; and {len(taken) - REQUESTS_NAMED} more" if len(taken) > REQUESTS_NAMED else ""
    return f"Of what you have taken, {'; '.join(told)}{more}."


def _about(request: SupportRequest) -> str:
    if request["subjectId"] is not None:
        return f"user {request['subjectId']} and their company"
    return f"company {request['companyId']} and its people"


@strawberry.type
class ExplainQueries:
    """Asking beforehand."""

    @guarded(Action.EXPLAIN_ACCESS)
    async def explain_access(
        self,
        info: Info,
        document: Annotated[str, strawberry.argument(description="Operations as they would be sent; not run.")],
    ) -> list[FieldAccess]:
        """What each field of an operation would answer the caller now, and what would open it; runs nothing."""
        info.context.use("explainAccess", USES_MAX)
        served = cast("GraphQLSchema", info.schema)  # resolvers are given graphql-core's own info
        return stored(await Explainer(info.context, served).explain(document))
