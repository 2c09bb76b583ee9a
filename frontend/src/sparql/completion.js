// What the editor completes: variables of the query, keywords, this graph's prefixes, classes and properties, and things by name.
const KEYWORDS = ("SELECT CONSTRUCT ASK DESCRIBE WHERE FILTER OPTIONAL UNION MINUS GRAPH VALUES BIND SERVICE DISTINCT REDUCED PREFIX BASE FROM NAMED " +
  "GROUP BY HAVING ORDER ASC DESC LIMIT OFFSET AS IN NOT EXISTS COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT SEPARATOR STR LANG LANGMATCHES DATATYPE BOUND IRI " +
  "CONCAT STRLEN UCASE LCASE CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER SUBSTR REPLACE REGEX YEAR MONTH DAY NOW COALESCE IF ABS CEIL FLOOR ROUND " +
  "ISIRI ISBLANK ISLITERAL ISNUMERIC STRDT STRLANG SAMETERM true false").split(" ");
const LEAST = 2;
const THINGS = 12;

export function makeSource(words, texts, findThings) {
  return async (context) => {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    if (/(^|\s)#[^>]*$/.test(before) || insideText(before)) return null;
    const variable = /[?$][\w]*$/.exec(before);
    if (variable) return variables(context, variable[0]);
    const vocabulary = await words();
    const declared = /^\s*prefix\s+([\w-]*)$/i.exec(before);
    if (declared) return prefixes(context, declared[1], vocabulary);
    const word = /[\w-]*(?::[\w\-./%]*)?$/.exec(before)[0];
    if (!context.explicit && word.length < LEAST) return null;
    return complete(context, word, before, vocabulary, texts, findThings);
  };
}

function insideText(before) {
  return (before.replace(/\\./g, "").match(/"/g) ?? []).length % 2 === 1;
}

function variables(context, word) {
  const text = context.state.doc.toString();
  const names = new Set(text.match(/[?$]\w+/g) ?? []);
  names.delete(word);
  return { from: context.pos - word.length, options: [...names].map((label) => ({ label, type: "variable" })), validFor: /^[?$]\w*$/ };
}

function prefixes(context, word, vocabulary) {
  const options = Object.entries(vocabulary.prefixes).map(([name, iri]) => ({ label: name, detail: iri, apply: `${name}: <${iri}>` }));
  return { from: context.pos - word.length, options };
}

async function complete(context, word, before, vocabulary, texts, findThings) {
  const from = context.pos - word.length;
  const isType = /(^|[\s;.{])(a|rdf:type)\s+$/.test(before.slice(0, before.length - word.length));
  const named = word.includes(":");
  const wanted = word.toLowerCase();
  const local = named ? wanted.slice(wanted.indexOf(":") + 1) : wanted;
  const terms = [
    ...vocabulary.classes.map((term) => option(term, "class", texts, vocabulary, isType ? 60 : 0)),
    ...(isType ? [] : vocabulary.properties.map((term) => option(term, "property", texts, vocabulary, 20))),
  ].filter((one) => one.found.includes(named ? wanted : local));
  const keywords = named ? [] : KEYWORDS.filter((key) => key.toLowerCase().startsWith(wanted)).map((label) => ({ label, type: "keyword", boost: 40 }));
  const mayBeThing = local.length >= LEAST && (!named || /^(id)?:/.test(word));
  const things = mayBeThing ? await findThings(local.replace(/[-/_]/g, " "), THINGS) : [];
  const options = [...keywords, ...terms.sort((a, b) => rank(a, local) - rank(b, local)).slice(0, 60), ...things.map((one) => thing(one, texts))];
  return options.length ? { from, options, filter: false } : null;
}

// What begins with what was typed comes first, then what is used most.
function rank(one, local) {
  const name = one.label.slice(one.label.indexOf(":") + 1).toLowerCase();
  return (name.startsWith(local) ? 0 : 1e9) - one.boost * 1e6 - one.uses;
}

function option(term, kind, texts, vocabulary, boost) {
  const label = term.name.includes("://") ? `<${term.name}>` : term.name;
  const info = [term.definition, texts.uses.replace("{}", term.uses.toLocaleString())].filter(Boolean).join("\n\n");
  const found = `${term.name} ${term.label ?? ""}`.toLowerCase();
  const detail = `${term.label ?? ""} · ${texts[kind]}`;
  return { label, type: kind, detail, info, boost, uses: term.uses, found, apply: (view, _, from, to) => insert(view, label, from, to, vocabulary) };
}

function thing(one, texts) {
  return { label: one.label, type: "thing", detail: `${one.description || texts.thing}`, info: one.iri, apply: `<${one.iri}>` };
}

// Put a prefixed name in, and declare its prefix where the query does not.
function insert(view, label, from, to, vocabulary) {
  const prefix = label.startsWith("<") ? null : label.slice(0, label.indexOf(":"));
  const text = view.state.doc.toString();
  const isKnown = prefix === null || !vocabulary.prefixes[prefix] || new RegExp(`^\\s*prefix\\s+${prefix}:`, "im").test(text);
  const declaration = isKnown ? "" : `PREFIX ${prefix}: <${vocabulary.prefixes[prefix]}>\n`;
  const changes = [{ from, to, insert: label }, ...(declaration ? [{ from: 0, insert: declaration }] : [])];
  view.dispatch({ changes, selection: { anchor: from + label.length + declaration.length }, userEvent: "input.complete" });
}
