// graphql-ws against the real server: prints each answer as a line of JSON, at last how the connection ended.
// Usage: node live_ws.mjs URL TOKEN QUERY
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, token, query] = process.argv.slice(2);
const print = (value) => console.log(JSON.stringify(value));
const client = createClient({
  url: `${url.replace("http", "ws")}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { Authorization: `Bearer ${token}` },
  retryAttempts: 0,
  lazy: false, // a lazy client hangs up by itself after its last operation, at the same time as the server
  onNonLazyError: () => {}, // `closed` prints it
  on: { closed: (event) => { print({ closed: event.code }); process.exit(0); } },
});
client.subscribe(
  { query },
  {
    next: print,
    error: (error) => print({ errors: Array.isArray(error) ? error : String(error) }),
    complete: () => { print({ complete: true }); client.dispose(); },
  },
);
