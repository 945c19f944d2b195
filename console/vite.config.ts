// How the console is built: hashed files in dist/app, each beside what a browser takes of it compressed.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** The binary compresses nothing by itself: what it embeds lies beside it compressed already. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    buildStart() {
      // The folder itself stays: cargo watches it.
      rmSync("dist/app", { recursive: true, force: true });
    },
    closeBundle() {
      for (const file of readdirSync("dist/app")) {
        if (!/\.(js|css|svg)$/.test(file)) continue;
        const path = join("dist/app", file);
        const plain = readFileSync(path);
        const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
        writeFileSync(`${path}.br`, brotliCompressSync(plain, { params: quality }));
        writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
      }
    },
  };
}

const admin = process.env.PATCHBAY_ADMIN ?? "http://127.0.0.1:8081";

export default defineConfig({
  plugins: [react(), compressed()],
  build: {
    assetsDir: "app",
    emptyOutDir: false,
    target: "es2022",
    modulePreload: { polyfill: false },
    // The policy of the page allows no data: fonts or scripts, and a file is cached where a data: text is not.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": admin, "/openapi.json": admin, "/docs": admin, "/assets": admin } },
});
