// A chart of a result by Vega-Lite. Expressions are interpreted (`ast`), never compiled: the content policy forbids eval.
import { parse, View, Warn } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile } from "vega-lite";

const MOST_STEPS = 40;
const MOST_COLOURS = ["--bar", "--mark", "--good", "--bad", "--accent", "--code-name", "--code-text", "--line-strong"];

export async function drawChart(box, data, chosen) {
  const specification = compile(describe(box, data, chosen)).spec;
  const view = new View(parse(specification, undefined, { ast: true }), {
    expr: expressionInterpreter, renderer: "svg", container: box, hover: true, logLevel: Warn,
  });
  await view.runAsync();
  return () => view.finalize();
}

function describe(box, { columns, rows }, { mark, x, y, color }) {
  const kinds = Object.fromEntries(columns.map(({ name, kind }) => [name, kind]));
  const isWhole = (name) => rows.every((row) => /^[+-]?\d*$/.test(row[columns.findIndex((column) => column.name === name)]?.text ?? ""));
  const field = (name) => ({ field: `c${columns.findIndex((column) => column.name === name)}`, title: name, type: typeOf(kinds[name]) });
  const isMap = mark === "rect";
  const values = new Set(rows.map((row) => row[columns.findIndex((column) => column.name === x)]?.text));
  const isStep = mark === "bar" && kinds[x] === "number" && values.size <= MOST_STEPS; // a few numbers stand side by side like names
  const encoding = {
    x: { ...field(x), ...(isStep ? { type: "ordinal" } : {}), ...(kinds[x] === "number" || kinds[x] === "date" ? {} : { sort: null }), axis: { labelAngle: kinds[x] === "text" || kinds[x] === "thing" ? -40 : 0, labelLimit: 160, ...(isWhole(x) && !isStep ? { tickMinStep: 1 } : {}) } },
    y: isMap ? { ...field(color === "–" ? y : color), sort: null } : { ...field(y), ...(isWhole(y) ? { axis: { tickMinStep: 1 } } : {}), ...(mark === "bar" || mark === "area" ? { stack: "zero" } : {}) },
    ...(isMap ? { color: field(y) } : color === "–" ? {} : { color: { ...field(color), sort: null } }),
    tooltip: columns.map(({ name }) => ({ ...field(name), type: typeOf(kinds[name]) === "temporal" ? "nominal" : typeOf(kinds[name]) })).map((one, index) => ({ ...one, field: kinds[columns[index].name] === "date" ? `t${index}` : one.field })),
  };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: Math.max(260, box.clientWidth - 90),
    height: 340,
    autosize: { type: "pad", contains: "padding" },
    data: { values: rows.map((row) => valuesOf(row, columns)) },
    mark: { type: mark, ...(mark === "line" || mark === "area" ? { point: true } : {}) },
    encoding,
    config: configure(),
  };
}

function valuesOf(row, columns) {
  const values = {};
  row.forEach((cell, index) => {
    const { kind } = columns[index];
    values[`c${index}`] = !cell.text ? null : kind === "number" ? Number(cell.text) : kind === "date" ? dateOf(cell.text) : cell.text;
    values[`t${index}`] = cell.text;
  });
  return values;
}

// A month or a year without a day is drawn at its beginning; the text stays as it is stated.
function dateOf(text) {
  const time = Date.parse(text.replace(/^(\d{4}(-\d{2})?)(Z|[+-]\d{2}:\d{2})?$/, "$1"));
  return Number.isNaN(time) ? null : time;
}

function typeOf(kind) {
  return { number: "quantitative", date: "temporal" }[kind] ?? "nominal";
}

function configure() {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(name).trim();
  const axis = { labelColor: value("--muted"), titleColor: value("--ink"), gridColor: value("--line"), domainColor: value("--line-strong"), tickColor: value("--line-strong") };
  return {
    background: null,
    font: value("--sans").replaceAll('"', ""),
    mark: { color: value("--bar") },
    axis: { ...axis, labelFontSize: 12, titleFontSize: 13, titleFontWeight: 600 },
    legend: { labelColor: value("--ink"), titleColor: value("--ink"), labelFontSize: 12 },
    view: { stroke: null },
    range: { category: MOST_COLOURS.map(value), ramp: [value("--bar-soft"), value("--bar")], heatmap: [value("--bar-soft"), value("--bar")] },
  };
}
