// Bundles every src/*.js and src/*.css, one bundle a page kind, shared code in chunks; called by build.py with the target folder and
// the hash of the inputs. Names carry their content's hash, so that a browser may keep them for ever. Beside each file stands its
// Brotli form; manifest.json says which name to load, and third-party-notices.txt whose code is in there, under which licence.
import { readFileSync, readdirSync, existsSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const [target, inputs] = process.argv.slice(2);
const source = join(here, "src");

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: readdirSync(source).filter((name) => /\.(js|css)$/.test(name)).sort().map((name) => join(source, name)),
  outdir: target,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022"],
  minify: true,
  legalComments: "none",
  entryNames: "[name]-[hash]",
  chunkNames: "part-[hash]",
  define: { "process.env.NODE_ENV": '"production"' },
  metafile: true,
  logLevel: "warning",
});

function writeManifest() {
  const files = {};
  for (const [path, output] of Object.entries(metafile.outputs)) {
    if (!output.entryPoint) continue;
    const early = output.imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => basename(path));
    files[basename(output.entryPoint)] = { file: basename(path), early };
  }
  writeFileSync(join(target, "manifest.json"), JSON.stringify({ inputs, files }, null, 1) + "\n");
}

function packageOf(input) {
  const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
  return found && found[1];
}

// A package that was built before carries others, whose notices stand beside the built file.
function carried(folder) {
  const notices = Object.keys(metafile.inputs).filter((input) => packageOf(input) === folder).map((input) => join(here, `${input}.LICENSE.txt`));
  return notices.filter(existsSync).map((path) => `It carries code of others:\n\n${readFileSync(path, "utf8").trim()}\n`);
}

function writeNotices() {
  const folders = [...new Set(Object.keys(metafile.inputs).map(packageOf).filter(Boolean))].sort();
  const notices = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(here, folder, "package.json"), "utf8"));
    const text = readdirSync(join(here, folder)).find((file) => /^(licen[cs]e|copying)(\.|$)/i.test(file));
    const body = text ? readFileSync(join(here, folder, text), "utf8").trim() : `Licence: ${license} (the package has no licence file)`;
    return [`${name} ${version} (${license})\n\n${body}\n`, ...carried(folder)].join("\n");
  });
  const head = "The scripts in this folder contain code of these packages, each under its own licence.\n";
  writeFileSync(join(target, "third-party-notices.txt"), [head, ...notices].join(`\n${"=".repeat(80)}\n\n`));
}

function compress() {
  for (const name of readdirSync(target).filter((name) => /\.(js|css)$/.test(name))) {
    const bytes = readFileSync(join(target, name));
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync(join(target, `${name}.br`), brotliCompressSync(bytes, { params }));
  }
}

if (!existsSync(source)) throw new Error(`no ${source}`);
writeNotices();
compress();
writeManifest(); // last: where it stands, everything stands
