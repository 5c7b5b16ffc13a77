// Under the response while a subscription runs: that more may come, and when what stands there came. Ends it with its tab.
import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect, useMemo } from "react";

export function Live() {
  const { stop } = useGraphiQLActions();
  const isLive = useGraphiQL((state) => Boolean(state.subscription));
  const response = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.response);
  const tab = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.id);
  const shownAt = useMemo(() => new Date().toLocaleTimeString(), [response]);

  // GraphiQL stops when another tab is chosen but not when one is added: the answers would then land in the new one.
  useEffect(() => stop, [stop, tab]);

  if (!isLive) return null;
  return (
    <p className="live" role="status">
      <b>Live</b> {response ? `The answer above came at ${shownAt}.` : "Nothing has changed yet."}
    </p>
  );
}
