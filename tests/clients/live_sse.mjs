// graphql-sse (distinct connections) against the real server: prints each answer as a line of JSON, at last the end.
// Usage: node live_sse.mjs URL TOKEN QUERY
import { createClient } from "graphql-sse";

const [url, token, query] = process.argv.slice(2);
const print = (value) => console.log(JSON.stringify(value));
const client = createClient({
  url: `${url}/graphql`,
  headers: { Authorization: `Bearer ${token}` },
  retryAttempts: 0,
});
client.subscribe(
  { query },
  {
    next: print,
    error: (error) => { print({ failed: String(error) }); process.exit(0); },
    complete: () => print({ complete: true }),
  },
);
