// RDF terms as N-Triples writes them, and back. A term is what shacl-form's RDF library makes: termType, value, language, datatype.
export const STRING = "http://www.w3.org/2001/XMLSchema#string";
export const TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
export const LABEL = "http://www.w3.org/2000/01/rdf-schema#label";

const ESCAPES = { "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const UNESCAPES = { t: "\t", b: "\b", n: "\n", r: "\r", f: "\f", '"': '"', "'": "'", "\\": "\\" };
const LITERAL = /^"((?:[^"\\]|\\.)*)"(?:@([A-Za-z0-9-]+)|\^\^<([^>]*)>)?$/s;

export function write(term) {
  if (term.termType !== "Literal") return `<${term.value}>`;
  const text = `"${term.value.replace(/[\\"\n\r\t]/g, (letter) => ESCAPES[letter])}"`;
  if (term.language) return `${text}@${term.language.toLowerCase()}`;
  return !term.datatype || term.datatype.value === STRING ? text : `${text}^^<${term.datatype.value}>`;
}

export function read(text) {
  const found = LITERAL.exec(text);
  if (!found) return { termType: "NamedNode", value: text.slice(1, -1) };
  const value = found[1].replace(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g,
    (_, short, long, letter) => (letter ? UNESCAPES[letter] ?? letter : String.fromCodePoint(parseInt(short ?? long, 16))));
  return { termType: "Literal", value, language: found[2] ?? "", datatype: { value: found[3] ?? STRING } };
}

// A statement is [subject, predicate, object]: two IRIs, and an object as N-Triples writes it.
export const lineOf = ([subject, predicate, object]) => `<${subject}> <${predicate}> ${object} .`;
