// GraphQL over HTTP, one POST a run. Every answer ends as a GraphQL result, so that the response pane and the list of refused
// fields read the same whether the API, a proxy or the network spoke.
const failure = (message, code) => ({ errors: [{ message, extensions: { code } }] });

async function resultOf(response) {
  try {
    return await response.json();
  } catch {
    return failure(`The server answered ${response.status} without JSON.`, `HTTP_${response.status}`);
  }
}

/** Runs one operation for GraphiQL. */
export async function explorerFetcher({ query, variables, operationName: named }, { headers } = {}) {
  // Just after a change of tab GraphiQL may still hold the other tab's operation name; the server would refuse it.
  const operationName = named && query.includes(named) ? named : undefined;
  try {
    const response = await fetch("/graphql", {
      method: "POST",
      credentials: "omit",
      headers: { accept: "application/graphql-response+json, application/json;q=0.9", "content-type": "application/json", ...headers },
      body: JSON.stringify({ query, variables, operationName }),
    });
    return await resultOf(response);
  } catch {
    return failure("The server cannot be reached. Is it still running?", "UNREACHABLE");
  }
}
