// A subscription's results as they come: server-sent events over one POST, in graphql-sse's "distinct connections mode". Not by
// that package's client: it waits for ever when the connection ends right behind an event.
import { EventSourceParserStream } from "eventsource-parser/stream";
import { UNREACHABLE, failure, resultOf } from "./results.js";

export const EVENT_STREAM = "text/event-stream";
const CUT = failure("The connection was cut, so later changes are not shown. Run it again.", "CONNECTION_CUT");

async function* eventsOf(response) {
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()).getReader();
  for (let read = await events.read(); !read.done; read = await events.read()) yield read.value;
}

async function* resultsOf(response) {
  if (!response.headers.get("content-type")?.startsWith(EVENT_STREAM)) {
    yield await resultOf(response); // refused before the stream began
    return;
  }
  try {
    for await (const { event, data } of eventsOf(response)) {
      if (event === "complete") return;
      if (event === "next") yield JSON.parse(data);
    }
  } catch {
    // Cut in the midst of the stream: no different from its end without a word.
  }
  yield CUT;
}

async function* answersTo(request, control) {
  try {
    const response = await request(control.signal).catch(() => null);
    for await (const result of response ? resultsOf(response) : [UNREACHABLE]) {
      if (control.signal.aborted) return; // stopped: nobody is to be told that the connection is gone
      yield result;
    }
  } finally {
    control.abort();
  }
}

/**
 * The results of the operation that `request(signal)` sends, for GraphiQL. `return` hangs up at once: that of a plain generator
 * would wait for the result that is under way, so the connection would stay open until something changes.
 */
export function liveResults(request) {
  const control = new AbortController();
  const results = answersTo(request, control);
  const end = results.return.bind(results);
  results.return = (value) => {
    control.abort();
    return end(value);
  };
  return results;
}
