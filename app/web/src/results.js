// Every answer ends as a GraphQL result, so that the response pane and the list of refused fields read the same whether the API,
// a proxy or the network spoke.

/** The result of what never came to an answer of the API. */
export const failure = (message, code) => ({ errors: [{ message, extensions: { code } }] });

export const UNREACHABLE = failure("The server cannot be reached. Is it still running?", "UNREACHABLE");

/** The JSON of a response, or what stands in its place. */
export async function resultOf(response) {
  try {
    return await response.json();
  } catch {
    return failure(`The server answered ${response.status} without JSON.`, `HTTP_${response.status}`);
  }
}
