// Under the response: each refused field once, with what would open it. Says nothing when nothing was refused.
import { useGraphiQL } from "@graphiql/react";
import { refusalsOf } from "./refusals.js";

const REFUSED = new Set(["FORBIDDEN", "SUPPORT_REQUEST_REQUIRED"]);

function title(groups) {
  const count = groups.reduce((sum, { fields }) => sum + fields.size, 0);
  const [one, many] = groups.every(({ code }) => REFUSED.has(code)) ? ["field was refused", "fields were refused"] : ["error", "errors"];
  return `${count} ${count === 1 ? one : many}`;
}

export function Refusals() {
  const groups = refusalsOf(useGraphiQL((state) => state.tabs[state.activeTabIndex]?.response));
  if (!groups.length) return null;
  return (
    <section className="refusals" aria-label="Refused fields">
      <h2>{title(groups)}</h2>
      {groups.map(({ code, reason, fields }) => (
        <div key={`${code} ${reason}`}>
          <p>
            <b>{code}</b> {reason}
          </p>
          <ul>
            {[...fields].map(([field, count]) => (
              <li key={field}>
                <code>{field}</code>
                {count > 1 && ` ×${count}`}
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}
