// Says whether the committed page is what the source builds, file for file.
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const committed = fileURLToPath(new URL("../../src/ifssnet/web/static", import.meta.url));
const LIMIT = 2_500_000;

async function contents(folder) {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(join(folder, path), "utf8")])));
}

const fresh = await mkdtemp(join(tmpdir(), "ifssnet-app-"));
process.env.IFSSNET_APP_OUT = fresh;
try {
  const { build } = await import("vite");
  await build({ root: fileURLToPath(new URL(".", import.meta.url)), logLevel: "error" });
  const [built, there] = [await contents(fresh), await contents(committed).catch(() => new Map())];
  const other = [...new Set([...built.keys(), ...there.keys()])].filter((path) => built.get(path) !== there.get(path));
  const size = [...built.values()].reduce((sum, text) => sum + text.length, 0);
  if (other.length > 0) {
    console.error(`src/ifssnet/web/static is not what frontend/app builds (${other.join(", ")}): run \`npm run build\` there and commit it.`);
    process.exitCode = 1;
  } else if (size > LIMIT) {
    console.error(`The page weighs ${Math.round(size / 1024)} kB; the limit is ${Math.round(LIMIT / 1024)} kB.`);
    process.exitCode = 1;
  } else {
    console.log(`The page is what its source builds (${Math.round(size / 1024)} kB).`);
  }
} finally {
  await rm(fresh, { recursive: true, force: true });
}
