// Builds the one script that a report carries; with --check, says whether the committed one is what the source gives.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = here("../../src/ifssnet/figures/assets/report-viewer.js");

const licence = await readFile(here("node_modules/three/LICENSE"), "utf8");
const banner = `/*!\nContains parts of three.js.\n\n${licence.trim()}\n*/`;

const result = await build({
  absWorkingDir: here("."),
  entryPoints: ["src/main.ts"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  charset: "ascii",
  legalComments: "none",
  banner: { js: banner },
  write: false,
});
// The script stands inline in HTML: nothing in it may end its element.
const text = result.outputFiles[0].text.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");

if (process.argv.includes("--check")) {
  const committed = await readFile(target, "utf8").catch(() => "");
  if (committed !== text) {
    console.error("src/ifssnet/figures/assets/report-viewer.js is not what frontend/report-viewer builds: run `npm run build` there and commit it.");
    process.exit(1);
  }
  console.log(`report-viewer.js is what its source builds (${Math.round(text.length / 1024)} kB).`);
} else {
  await writeFile(target, text);
  console.log(`report-viewer.js: ${Math.round(text.length / 1024)} kB`);
}
