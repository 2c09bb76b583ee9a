// Replicate a change feed with ldes-client: node ldes.mjs FOLDER-OF-PACKAGES, the address on stdin; prints each member as JSON.
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";

const entry = `${process.argv[2]}/node_modules/ldes-client/dist/lib/client.js`;
const { replicateLDES } = await import(pathToFileURL(entry).href);
const url = readFileSync(0, "utf8").trim();
const client = replicateLDES({ url, polling: false, concurrentFetches: 4 }, "none");
const members = [];
let failure;
client.on("error", (error) => { failure = error; });
const reader = client.stream({ highWaterMark: 10 }).getReader();
for (let next = await reader.read(); !next.done; next = await reader.read()) {
  const { id, isVersionOf, timestamp, quads } = next.value;
  members.push({
    id: id.value,
    isVersionOf: isVersionOf?.value ?? isVersionOf,
    timestamp: timestamp instanceof Date ? timestamp.toISOString() : timestamp,
    types: quads.filter((q) => q.subject.equals(id) && q.predicate.value.endsWith("#type")).map((q) => q.object.value),
    inForce: quads.filter((q) => q.graph.equals(id)).map((q) => [q.subject.value, q.predicate.value, q.object.value]),
  });
}
// The process ends when its text is written: a pipe takes it later than `process.exit` would come.
if (failure) process.stderr.write(`${failure.stack ?? failure}\n`, () => process.exit(1));
else process.stdout.write(`${JSON.stringify(members)}\n`, () => process.exit(0));
