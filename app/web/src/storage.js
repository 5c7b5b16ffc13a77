// What the explorer remembers, and for how long. Layout and theme stay in the browser. Tabs (queries and variables, which may hold
// personal data) last as long as the browser tab. Headers and history, where a token could hide, live in memory and end with the page.
const PREFIX = "graphiql:";
const LASTING = new Set(["theme", "visiblePlugin", "docExplorerFlex", "editorFlex", "secondaryEditorFlex"].map((name) => PREFIX + name));
const THIS_TAB = new Set(["tabState", "query", "variables"].map((name) => PREFIX + name));

function memoryStore() {
  const values = new Map();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
    clear: () => values.clear(),
    get length() {
      return values.size;
    },
  };
}

/** A store in GraphiQL's shape; the browser's own stores may be switched off, then memory takes their place. */
export function explorerStorage() {
  const memory = memoryStore();
  const placeOf = (key) => {
    try {
      if (LASTING.has(key)) return window.localStorage;
      if (THIS_TAB.has(key)) return window.sessionStorage;
    } catch {
      // Storage is blocked in this browser.
    }
    return memory;
  };
  return {
    getItem: (key) => placeOf(key).getItem(key),
    setItem: (key, value) => placeOf(key).setItem(key, value),
    removeItem: (key) => placeOf(key).removeItem(key),
    clear: () => memory.clear(),
    get length() {
      return memory.length;
    },
  };
}
