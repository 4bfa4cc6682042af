/** How the web client is built: few requests, names that never mean two things. */
import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import solid from "vite-plugin-solid";
import { finish } from "./tools/finish.ts";
import { FIRST, lean } from "./tools/lean.ts";

const isStyle = (file: string): boolean => file.endsWith(".css");
const output = resolve(import.meta.dirname, "../src/kentong/webclient");

export default defineConfig({
  base: "/",
  plugins: [solid({ solid: { delegateEvents: false } }), lean(), finish(output)],
  build: {
    outDir: output,
    emptyOutDir: true,
    // What Chrome 90, Safari 15.4 and Firefox 115 all know; by their names the tools would
    // rewrite private names and optional chaining, which these versions have.
    target: "es2022",
    cssTarget: ["chrome90", "safari15.4", "firefox115"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false, resolveDependencies: (_, files) => files.filter(isStyle) },
    reportCompressedSize: false,
    rollupOptions: {
      output: {
        codeSplitting: FIRST,
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
  },
});
