import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// NiiVue can read compressed Zarr. The page gives it none, and the codecs are larger than all the rest.
const withoutZarrCodecs = {
  name: "without-zarr-codecs",
  load(id: string): string | undefined {
    return /node_modules\/numcodecs\/(dist\/)?(blosc|zstd|lz4)/.test(id) ? "export default class {}" : undefined;
  },
};

export default defineConfig({
  root: here("."),
  base: "./",
  plugins: [withoutZarrCodecs],
  build: {
    outDir: process.env["IFSSNET_APP_OUT"] ?? here("../../src/ifssnet/web/static"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rollupOptions: {
      output: { entryFileNames: "assets/[name].js", chunkFileNames: "assets/[name].js", assetFileNames: "assets/[name][extname]" },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8765" } },
});
