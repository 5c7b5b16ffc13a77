// Chooses who the next request is from: fills the Authorization line of the headers editor, where it can be read and changed.
import { useGraphiQL } from "@graphiql/react";
import { useCallback, useEffect, useState } from "react";
import { NO_TOKEN, fetchTokens, rememberRole, rememberedRole, withAuthorization } from "./roles.js";

export function RolePicker() {
  const [tokens, setTokens] = useState(null);
  const [role, setRole] = useState(rememberedRole);
  const headerEditor = useGraphiQL((state) => state.headerEditor);
  const tab = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.id);

  useEffect(() => void fetchTokens().then(setTokens), []);

  // Each tab has headers of its own in GraphiQL; the role is one for all, so it is written again when the tab changes.
  useEffect(() => {
    if (!tokens || !headerEditor) return;
    const token = tokens.find((entry) => entry.role === role)?.token;
    const before = headerEditor.getValue();
    const after = withAuthorization(before, token);
    if (after !== before) headerEditor.setValue(after);
  }, [tokens, headerEditor, role, tab]);

  const choose = useCallback(async (event) => {
    const chosen = event.target.value;
    setRole(chosen);
    rememberRole(chosen);
    setTokens((await fetchTokens()) ?? []); // fresh: the page may be older than a token lives
  }, []);

  if (!tokens) return <span className="bar-hint">Put your token under Headers, then re-fetch the schema.</span>;
  return (
    <label className="role-picker" data-signed-in={role !== NO_TOKEN}>
      <span>Role</span>
      <select value={role} onChange={choose} aria-label="Role of the next request">
        <option value={NO_TOKEN}>no token</option>
        {tokens.map((entry) => (
          <option key={entry.role} value={entry.role}>
            {entry.label || entry.role}
          </option>
        ))}
      </select>
    </label>
  );
}
