// Reads a GraphQL response for a person: which fields were refused, why, and what would open them.

function errorsOf(response) {
  try {
    return JSON.parse(response).errors ?? [];
  } catch {
    return []; // no answer yet, or not a GraphQL one
  }
}

// What was refused before it ran (a subscription) has no path, but names its field.
const fieldOf = ({ path = [], extensions }) => path.filter((step) => typeof step === "string").join(".") || extensions?.field || "request";

/** Groups the errors of a response text by code and reason: [{code, reason, fields: Map(field -> how many)}]; list positions are left out. */
export function refusalsOf(response) {
  const groups = new Map();
  for (const error of errorsOf(response)) {
    const { code = "ERROR", needs } = error.extensions ?? {};
    const reason = needs ? `Needs ${needs}` : error.message;
    const key = `${code} ${reason}`;
    const group = groups.get(key) ?? { code, reason, fields: new Map() };
    const field = fieldOf(error);
    group.fields.set(field, (group.fields.get(field) ?? 0) + 1);
    groups.set(key, group);
  }
  return [...groups.values()];
}

export const LEGEND = [
  ["null + FORBIDDEN", "Your role may not have this here. What would open it stands below the answer."],
  ["null + SUPPORT_REQUEST_REQUIRED", "Opens while a support request about that person is taken by you."],
  ["null, no error", "Nothing was collected, or nothing is there to tell."],
  ["NOT_FOUND", "Not there, or not yours: both answer alike."],
  ["BAD_USER_INPUT", "The error names the argument and what is expected."],
  ["RATE_LIMITED", "Too much for now: the error says when to come again."],
  ["TOO_COMPLEX, PAYLOAD_TOO_LARGE", "Too much for one call: ask for less, or send less."],
  ["UNAUTHENTICATED", "The token is expired, or from an issuer not trusted here (401)."],
];
