// The query as a program: what one pastes into a shell, Python or R. Texts are quoted by each language's own rules.
const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const python = (text) => `"""${text.replaceAll("\\", "\\\\").replaceAll('"""', '\\"\\"\\"').replace(/"$/, '\\"')}"""`;
const r = (text) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

export function program(language, query, endpoint) {
  const accept = /\b(construct|describe)\b/i.test(query.replace(/#.*$/gm, "")) && !/\bselect\b/i.test(query) ? "text/turtle" : "text/csv";
  return { curl, python: inPython, r: inR }[language](query, endpoint, accept);
}

function curl(query, endpoint, accept) {
  return `curl ${shell(endpoint)} -H 'Accept: ${accept}' --data-urlencode query=${shell(query)}\n`;
}

function inPython(query, endpoint, accept) {
  return `from urllib.parse import urlencode
from urllib.request import Request, urlopen

query = ${python(query)}
request = Request(${JSON.stringify(endpoint)}, urlencode({"query": query}).encode(), {"Accept": "${accept}"})
with urlopen(request) as answer:
    print(answer.read().decode())
`;
}

function inR(query, endpoint, accept) {
  const read = accept === "text/csv" ? "result <- read.csv(text = answer)\nprint(result)" : "cat(answer)";
  return `library(httr)

query <- ${r(query)}
response <- POST(${r(endpoint)}, body = list(query = query), encode = "form", accept("${accept}"))
answer <- content(response, as = "text", encoding = "UTF-8")
${read}
`;
}
