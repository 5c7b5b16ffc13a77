// Under the response: each refused field once, with what would open it. Says nothing when nothing was refused.
import { useGraphiQL } from "@graphiql/react";
import { refusalsOf } from "./refusals.js";

const REFUSED = new Set(["FORBIDDEN", "SUPPORT_REQUEST_REQUIRED"]);

function title(groups) {
  const [one, many] = groups.every(({ code }) => REFUSED.has(code)) ? ["field was refused", "fields were refused"] : ["error", "errors"];
  return `${groups.length} ${groups.length === 1 ? one : many}`;
}

export function Refusals() {
  const refusals = refusalsOf(useGraphiQL((state) => state.tabs[state.activeTabIndex]?.response));
  if (!refusals.length) return null;
  return (
    <section className="refusals" aria-label="Refused fields">
      <h2>{title(refusals)}</h2>
      <ul>
        {refusals.map(({ field, code, needs, count }) => (
          <li key={`${code} ${field}`}>
            <code>{field || "request"}</code>
            {count > 1 && <span className="count">×{count}</span>}
            <b>{code}</b>
            <span>{needs}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
