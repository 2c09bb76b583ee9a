// The result's table as rows: what the server wrote is the one source for table, chart and graph.
export function readRows(outcome) {
  const table = outcome.querySelector("section.panel table");
  if (!table) return null;
  const columns = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map(readCell));
  return { columns: columns.map((name, index) => ({ name, kind: kindOf(rows, index) })), rows };
}

function readCell(cell) {
  const link = cell.querySelector("a");
  const text = (link ?? cell.firstChild ?? cell).textContent.trim();
  return { text, label: link?.dataset.label || text, href: link?.getAttribute("href") ?? null, kind: cell.className };
}

function kindOf(rows, index) {
  const kinds = new Set(rows.map((row) => row[index]).filter((cell) => cell?.text).map((cell) => (cell.href ? "thing" : cell.kind || "text")));
  return kinds.size === 1 ? [...kinds][0] : "text";
}

// The links that rows state: triples of CONSTRUCT as they are, of SELECT from the first thing of a row to each other one.
export function readLinks({ columns, rows }, most) {
  const isTriples = columns.map(({ name }) => name.toLowerCase()).join(" ") === "subject predicate object";
  const links = rows.flatMap((row) => (isTriples ? ofTriple(row) : ofRow(row, columns)));
  return { links: links.slice(0, most), isCut: links.length > most };
}

function ofTriple([subject, predicate, object]) {
  return [{ from: node(subject), label: predicate.label, to: node(object) }];
}

function ofRow(row, columns) {
  const things = row.map((cell, index) => ({ cell, name: columns[index].name })).filter(({ cell }) => cell.href);
  const [first, ...others] = things;
  return first ? others.map(({ cell, name }) => ({ from: node(first.cell), label: name, to: node(cell) })) : [];
}

function node(cell) {
  return { id: cell.href ?? `text:${cell.text}`, label: cell.label, href: cell.href };
}
