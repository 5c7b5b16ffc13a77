// Builds the explorer into dist/: hashed files under assets/, nothing inlined, nothing fetched from elsewhere.
import { Buffer } from "node:buffer";
import { defineConfig } from "vite";

const DATA_FONT = /url\(["']?data:font\/(woff2?|ttf)(?:;[^,]*)?;base64,([A-Za-z0-9+/=]+)["']?\)/g;

// GraphiQL ships its fonts as data: addresses. As files they are cached once, and the page's policy can say font-src 'self'.
function fontsAsFiles() {
  return {
    name: "fonts-as-files",
    apply: "build",
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== "asset" || !file.fileName.endsWith(".css")) continue;
        file.source = String(file.source).replace(DATA_FONT, (_match, kind, base64) => {
          const id = this.emitFile({ type: "asset", name: `font.${kind}`, source: Buffer.from(base64, "base64") });
          return `url(/explorer/${this.getFileName(id)})`;
        });
      }
    },
  };
}

export default defineConfig({
  base: "/explorer/",
  plugins: [fontsAsFiles()],
  worker: { format: "es" },
  build: {
    assetsInlineLimit: 0, // a data: script or font would need a wider policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 5000, // Monaco is one big piece; it is local and cached for good
    target: "es2022",
    rolldownOptions: {
      // "use client" speaks to server renderers; there is none here, so a hundred notes about it would hide a real warning.
      onLog: (level, log, show) => log.code === "MODULE_LEVEL_DIRECTIVE" || show(level, log),
    },
  },
});
