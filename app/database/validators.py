"""The `$jsonSchema` validators: what MongoDB itself refuses to store, whoever asks.

They say the shape of each document and forbid fields that the notice does not list, so that a defect in the API cannot
collect more than the notice says.
"""

from typing import Any

Schema = dict[str, Any]

_STRING: Schema = {"bsonType": "string"}
_DATE: Schema = {"bsonType": "date"}
_INTEGER: Schema = {"bsonType": ["int", "long"], "minimum": 0}
_BOOLEAN: Schema = {"bsonType": "bool"}
_MAYBE_STRING: Schema = {"bsonType": ["string", "null"]}
_MAYBE_BOOLEAN: Schema = {"bsonType": ["bool", "null"]}
# MongoDB itself refuses what is not a string sealed by client-side encryption.
_SEALED: Schema = {"encrypt": {"bsonType": "string", "algorithm": "AEAD_AES_256_CBC_HMAC_SHA_512-Random"}}
_HASHED_UUID: Schema = {"bsonType": "string", "pattern": "^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$"}


def _exactly(properties: Schema, optional: Schema | None = None) -> Schema:
    """Return the schema of a document that holds these properties and no others."""
    return {
        "bsonType": "object",
        "required": list(properties),
        "properties": {**properties, **(optional or {})},
        "additionalProperties": False,
    }


def _only(properties: Schema) -> Schema:
    return {"bsonType": "object", "properties": properties, "additionalProperties": False}


_STAMP: Schema = {"receivedAt": _DATE, "practicesVersion": _STRING}

CENSUS = _exactly(
    {
        "_id": {"bsonType": "objectId"},
        "recordKey": {"bsonType": "binData"},
        "appName": _STRING,
        "deviceModel": _STRING,
        "osName": _STRING,
        "osVersion": _STRING,
        "userLanguage": _STRING,
        "userId": _HASHED_UUID,
        "sessionId": _HASHED_UUID,
        "recordedAt": _DATE,
        **_STAMP,
    }
)

EVENTS = _exactly(
    {
        "_id": _STRING,
        "companyId": _STRING,
        "eventId": _STRING,
        "name": {
            "enum": [
                "REQUEST_CREATED",
                "REQUEST_APPROVED",
                "REQUEST_REJECTED",
                "REQUEST_PROCESSED",
                "REQUEST_ERROR",
                "TEAM_CREATED",
            ]
        },
        "occurredAt": _DATE,
        **_STAMP,
    },
    {
        "userId": _MAYBE_STRING,
        "requestId": _STRING,
        "teamId": _STRING,
        "teamName": _STRING,
        "additionalMembers": _INTEGER,
        "additionalOwners": _INTEGER,
        "templateId": _STRING,
        "templateName": _STRING,
        "requestKey": _STRING,
        "ordinal": {"bsonType": ["int", "string"]},
        "told": _only(dict.fromkeys(("createdAt", "approvedAt", "rejectedAt", "processedAt", "failedAt"), _DATE)),
    },
)

# Numbers by path inside; no text of an event but a template's name.
_NUMBERS: Schema = {"bsonType": "object"}
USAGE_BUCKETS = _exactly(
    {
        "_id": {"bsonType": "objectId"},
        "companyId": _STRING,
        "kind": {"enum": ["COUNTS", "WAITS", "TEMPLATE", "PUBLISHED"]},
        "day": _DATE,
        "templateId": _STRING,
        "writer": _INTEGER,
    },
    {
        **dict.fromkeys(("counts", "hours", "quarters", "waits", "ranges"), _NUMBERS),
        "named": _exactly({"at": _DATE, "name": _STRING}),
    },
)

# Nothing here can name a company, a person, a request, a team or a template (P5).
ANONYMOUS_USAGE = _exactly(
    {
        "_id": _STRING,
        "interval": {"enum": ["DAY", "WEEK", "MONTH", "REST"]},
        "start": _DATE,
        "event": EVENTS["properties"]["name"],
        "hidden": _BOOLEAN,
        "count": {"bsonType": ["int", "long", "null"], "minimum": 0},
        "companies": {"bsonType": ["int", "long", "null"], "minimum": 5},
        "daysLeftOut": _INTEGER,
        "turn": _INTEGER,
    }
)

_OPEN_PROFILE: Schema = {
    **dict.fromkeys(
        ("locale", "theme", "environment", "version", "userId", "customerId", "msLocale", "license"), _MAYBE_STRING
    ),
    "msIsTenantAdmin": _MAYBE_BOOLEAN,
}
_RESTRICTED_PROFILE: Schema = dict.fromkeys(
    ("intercomId", "intercomEmail", "msUpn", "msTenantId", "msUserId", "msEmail", "tld", "name"), _SEALED
)

# ANONYMOUS is not among the kinds: for that profile the notice says "No data collected." (P8)
USERS = _exactly(
    {
        "_id": _STRING,
        "kind": {"enum": ["IDENTIFIED", "AUTHENTICATED"]},
        "verified": _BOOLEAN,
        "profile": _only(_OPEN_PROFILE),
        "restricted": _only(_RESTRICTED_PROFILE),
        "collectedAt": _DATE,
        "firstSeenAt": _DATE,
        "lastSeenAt": _DATE,
        "practicesVersion": _STRING,
    },
    {"companyId": _MAYBE_STRING, "personId": _STRING, "blindIndex": {"bsonType": "binData"}, "expiresAt": _DATE},
)

COMPANIES = _exactly(
    {
        "_id": _STRING,
        "license": _MAYBE_STRING,
        "companyId": _MAYBE_STRING,
        "restricted": _only(
            dict.fromkeys(("companyName", "msTenantId", "msTenantInitialDomain", "msTenantDefaultDomain"), _SEALED)
        ),
        "collectedAt": _DATE,
        "practicesVersion": _STRING,
    },
    {"tenantIndex": {"bsonType": "binData"}, "tenantProven": _BOOLEAN, "tenantSince": _DATE},
)

# What a report tells is one blob sealed under the key of its day; open is what filters and counts need.
ERRORS: Schema = _exactly(
    {
        "_id": {"bsonType": "objectId"},
        "reportId": _STRING,
        "kind": {"enum": ["SIGN_IN", "EXCEPTION", "NETWORK", "PERFORMANCE", "OTHER"]},
        "occurredAt": _DATE,
        "groupId": {"bsonType": "string", "pattern": "^[0-9a-f]{32}$"},
        "payload": {"bsonType": "binData"},
        **_STAMP,
    },
    {"companyId": _STRING, "userId": _STRING, "sender": _HASHED_UUID, "code": _STRING, "appVersion": _STRING},
)

_COUNTED: Schema = {"_id": _STRING, "owner": _STRING, "count": _INTEGER}
ERROR_GROUPS = _exactly(
    {
        **_COUNTED,
        "groupId": ERRORS["properties"]["groupId"],
        "kind": ERRORS["properties"]["kind"],
        "firstSeenAt": _DATE,
        "lastSeenAt": _DATE,
    },
    {"code": _STRING, "people": _NUMBERS},
)
ERROR_DAILY = _exactly({**_COUNTED, "day": _DATE, "kind": ERRORS["properties"]["kind"]})
ERROR_SKETCHES = _exactly(
    {**_COUNTED, "day": _DATE, "measure": {"enum": ["DURATION", "ROUND_TRIP", "DOWNLINK", "QUALITY"]}},
    {
        "operation": _STRING,
        "appVersion": _MAYBE_STRING,
        "failed": _INTEGER,
        "offline": _INTEGER,
        **dict.fromkeys(("bins", "connection", "effectiveType"), _NUMBERS),
    },
)

_MAYBE_DATE: Schema = {"bsonType": ["date", "null"]}
_HASH: Schema = {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"}

SUPPORT_REQUESTS = _exactly(
    {
        "_id": _STRING,
        "reason": _STRING,
        "ticket": _MAYBE_STRING,
        "status": {"enum": ["OPEN", "TAKEN", "CLOSED"]},
        "openedBy": {"enum": ["SUBJECT", "COMPANY_ADMIN", "STAFF"]},
        "openedAt": _DATE,
        "openerId": _STRING,
        "subjectId": _MAYBE_STRING,
        "companyId": _MAYBE_STRING,
        "takenBy": _MAYBE_STRING,
        "takenAt": _MAYBE_DATE,
        "accessEndsAt": _MAYBE_DATE,
        "closedAt": _MAYBE_DATE,
        "expiresAt": _DATE,
    },
    {"openerPersonId": _STRING},
)

SUPPORT_LOOKUPS = _exactly({"_id": _STRING, "misses": {"bsonType": "array", "maxItems": 10}, "expiresAt": _DATE})

ACCESS_RECEIPTS = _exactly(
    {
        "_id": {"bsonType": "string", "pattern": "^[0-9]{15}$"},
        "sequence": _INTEGER,
        "at": _DATE,
        "actor": _STRING,
        "role": _STRING,
        "supportRequestId": _MAYBE_STRING,
        "subjectId": _MAYBE_STRING,
        "companyId": _MAYBE_STRING,
        "fields": {"bsonType": "array", "items": _STRING},
        "granted": _BOOLEAN,
        "reason": _STRING,
        "previousAt": _MAYBE_DATE,
        "previousHash": _HASH,
        "hash": _HASH,
    }
)

RECEIPT_HEADS = _exactly({"_id": _STRING, "sequence": _INTEGER, "hash": _HASH, "at": _DATE})

ERASURES = _exactly(
    {
        "_id": _STRING,
        "kind": {"enum": ["USER", "COMPANY"]},
        "subjectId": _MAYBE_STRING,
        "companyId": _MAYBE_STRING,
        "erasedAt": _DATE,
        "completedAt": _MAYBE_DATE,
        "receiptSequence": _INTEGER,
        "keyDestroyed": _BOOLEAN,
        "counts": _NUMBERS,
    },
    optional={"askedId": _STRING},
)

VALIDATORS: dict[str, Schema] = {
    name: {"$jsonSchema": schema}
    for name, schema in {
        "census": CENSUS,
        "events": EVENTS,
        "usage_buckets": USAGE_BUCKETS,
        "anonymous_usage": ANONYMOUS_USAGE,
        "users": USERS,
        "companies": COMPANIES,
        "errors": ERRORS,
        "error_groups": ERROR_GROUPS,
        "error_daily": ERROR_DAILY,
        "error_sketches": ERROR_SKETCHES,
        "support_requests": SUPPORT_REQUESTS,
        "support_lookups": SUPPORT_LOOKUPS,
        "access_receipts": ACCESS_RECEIPTS,
        "receipt_heads": RECEIPT_HEADS,
        "erasures": ERASURES,
    }.items()
}
