// The explorer: GraphiQL against this server's /graphql, with a role picker and example operations.
import "./workers.js";
import "graphiql/style.css";
import "./style.css";
import { GraphiQL } from "graphiql";
import { useMemo } from "react";
import { createRoot } from "react-dom/client";
import { Bar } from "./Bar.jsx";
import { exampleTabs } from "./examples.js";
import { explorerFetcher } from "./fetcher.js";
import { Live } from "./Live.jsx";
import { Refusals } from "./Refusals.jsx";
import { explorerStorage } from "./storage.js";

function Explorer() {
  const storage = useMemo(explorerStorage, []);
  const tabs = useMemo(exampleTabs, []);
  return (
    <GraphiQL
      fetcher={explorerFetcher}
      storage={storage}
      defaultTabs={tabs}
      defaultEditorToolsVisibility="variables"
      shouldPersistHeaders={false}
      schemaDescription
    >
      <GraphiQL.Logo>
        <></>
      </GraphiQL.Logo>
      <GraphiQL.Footer>
        <Live />
        <Refusals />
      </GraphiQL.Footer>
      <Bar />
    </GraphiQL>
  );
}

createRoot(document.getElementById("explorer")).render(<Explorer />);
