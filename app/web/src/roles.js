// The development server's ready tokens, one a role. Held in memory only; asked for again on each choice, so none is stale.
export const NO_TOKEN = "";
const ROLE_KEY = "explorer:role"; // the role's name, never its token

/** The list of {role, label, token}, or null where the server gives none (production). */
export async function fetchTokens() {
  try {
    const response = await fetch("/explorer/tokens", { credentials: "omit", cache: "no-store" });
    return response.ok ? (await response.json()).tokens : null;
  } catch {
    return null;
  }
}

export const rememberedRole = () => {
  try {
    return window.sessionStorage.getItem(ROLE_KEY) ?? NO_TOKEN;
  } catch {
    return NO_TOKEN;
  }
};

export const rememberRole = (role) => {
  try {
    window.sessionStorage.setItem(ROLE_KEY, role);
  } catch {
    // Storage is blocked in this browser: the choice lasts until the page is left.
  }
};

/** The headers editor's text with the Authorization line set to `token`, or without it; other headers are kept. */
export function withAuthorization(text, token) {
  let headers = {};
  try {
    headers = JSON.parse(text || "{}");
  } catch {
    // Half-typed headers cannot be kept; the picker starts them anew.
  }
  for (const name of Object.keys(headers)) if (name.toLowerCase() === "authorization") delete headers[name];
  if (token) headers.Authorization = `Bearer ${token}`;
  return Object.keys(headers).length ? JSON.stringify(headers, null, 2) : "";
}
