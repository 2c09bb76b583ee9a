// Table, chart or graph of a result. The libraries behind chart and graph are large, so they are loaded when first asked for.
import { readLinks, readRows } from "./rows.js";

const MOST_LINKS = 400;

export function makeViews(box, outcome) {
  const chart = box.querySelector(".views__chart");
  const graph = box.querySelector(".views__graph");
  const buttons = [...box.querySelectorAll(".views__bar button")];
  const choices = Object.fromEntries(["mark", "x", "y", "color"].map((name) => [name, box.querySelector(`#chart-${name}`)]));
  let data = null;
  let view = "table";
  let stop = () => undefined;

  for (const button of buttons) button.addEventListener("click", () => show(button.value));
  for (const select of Object.values(choices)) select.addEventListener("change", () => draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());

  function refresh() {
    data = readRows(outcome);
    box.hidden = data === null;
    const tools = outcome.querySelector(".panel__head");
    if (tools) tools.after(box.querySelector(".views__bar") ?? buttons[0].parentElement);
    if (data === null) return;
    offer();
    const can = { table: true, chart: canChart(), graph: readLinks(data, 1).links.length > 0 };
    for (const button of buttons) disable(button, !can[button.value]);
    show(can[view] ? view : "table");
  }

  function show(wanted) {
    view = wanted;
    for (const button of buttons) button.ariaPressed = String(button.value === view);
    const table = outcome.querySelector(".table-scroll");
    if (table) table.hidden = view !== "table";
    chart.hidden = view !== "chart";
    graph.hidden = view !== "graph";
    draw();
  }

  function offer() {
    const names = data.columns.map(({ name }) => name);
    const numbers = data.columns.filter(({ kind }) => kind === "number").map(({ name }) => name);
    const across = data.columns.find(({ kind }) => kind === "date") ?? data.columns.find(({ kind }) => kind !== "number") ?? data.columns[0];
    fill(choices.x, names, across?.name);
    fill(choices.y, numbers, numbers.find((name) => name !== across?.name) ?? numbers[0]);
    fill(choices.color, ["–", ...names], "–");
    choices.mark.value = across?.kind === "date" ? "line" : "bar";
  }

  function canChart() {
    return choices.y.options.length > 0 && data.rows.length > 0;
  }

  // What can't be shown says why instead of being a button.
  function disable(button, isOff) {
    const why = box.querySelector(`.views__${button.value} [data-none]`)?.textContent;
    button.disabled = isOff;
    if (isOff && why) button.title = why;
    else button.removeAttribute("title");
  }

  async function draw() {
    stop();
    stop = () => undefined;
    if (!data) return;
    if (view === "chart") await drawChart();
    if (view === "graph") await drawGraph();
  }

  async function drawChart() {
    const { drawChart: drawIt } = await import("./chart.js");
    const chosen = Object.fromEntries(Object.entries(choices).map(([name, select]) => [name, select.value]));
    stop = await drawIt(chart.querySelector(".views__drawing"), data, chosen);
  }

  async function drawGraph() {
    const { links, isCut } = readLinks(data, MOST_LINKS);
    graph.querySelector("[data-cut]").hidden = !isCut;
    const { makeNetwork } = await import("../graphs/network.js");
    const network = makeNetwork(graph.querySelector(".views__network"), { onOpen: (href) => { location.href = href; } });
    network.add(links);
    stop = () => network.destroy();
  }

  return { refresh };
}

function fill(select, names, chosen) {
  select.replaceChildren(...names.map((name) => new Option(name, name, name === chosen, name === chosen)));
}
