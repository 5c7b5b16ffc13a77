// Runs every audit of npm's graphql-http against the address given and prints what came of each.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [url, packages] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${packages}/package.json`));
const { serverAudits } = require("graphql-http");

const results = [];
for (const audit of serverAudits({ url })) {
  const result = await audit.fn();
  results.push({ id: result.id, name: result.name, status: result.status, reason: result.reason ?? null });
}
console.log(JSON.stringify(results));
