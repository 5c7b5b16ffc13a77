// GraphQL over HTTP, one POST a run; a subscription's answer is a stream.
import { OperationTypeNode, getOperationAST, parse } from "graphql";
import { UNREACHABLE, resultOf } from "./results.js";
import { EVENT_STREAM, liveResults } from "./stream.js";

const SINGLE = "application/graphql-response+json, application/json;q=0.9";

// Just after a change of tab GraphiQL may still hold the other tab's operation name; the server would refuse it.
function chosenOperation(query, named) {
  try {
    const document = parse(query);
    return getOperationAST(document, named) ?? getOperationAST(document);
  } catch {
    return null; // not a document: the server says where it breaks
  }
}

/** Runs one operation for GraphiQL: a promise of its result, or of an async iterable of a subscription's results. */
export async function explorerFetcher({ query, variables, operationName: named }, { headers } = {}) {
  const operation = chosenOperation(query, named);
  const body = JSON.stringify({ query, variables, operationName: operation?.name?.value });
  const post = (accept, signal) =>
    fetch("/graphql", {
      method: "POST",
      credentials: "omit",
      headers: { accept, "content-type": "application/json", ...headers },
      body,
      signal,
    });
  if (operation?.operation === OperationTypeNode.SUBSCRIPTION) return liveResults((signal) => post(EVENT_STREAM, signal));
  try {
    return await resultOf(await post(SINGLE));
  } catch {
    return UNREACHABLE;
  }
}
