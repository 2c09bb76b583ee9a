// The page /sparql with an editor: tabs, completion, results without loading the page again, charts and graphs of them. Everything
// here stands on the form and the result that the server writes; take this script away and they are used as they are.
import { makeSource } from "./completion.js";
import { addPast, forgetPast, nameOf, readPast } from "./keeping.js";
import { program } from "./programs.js";
import { makeTabs } from "./tabs.js";
import { createEditor } from "./view.js";
import { makeViews } from "../results/views.js";
import { findThings } from "../lib/things.js";

const LONGEST_ADDRESS = 6000;
const byId = (id) => document.getElementById(id);

export function start() {
  const form = byId("query-form");
  const field = byId("query");
  if (!form || !field) return;
  const texts = { ...form.dataset };
  const status = byId("editor-status");
  const views = makeViews(byId("views"), byId("outcome"));
  let words = null;
  const vocabulary = () => (words ??= fetchVocabulary());
  let running = null;

  const editor = createEditor(field, {
    text: field.value,
    label: byId("query-label").textContent,
    source: makeSource(vocabulary, texts, findThings),
    onChange: (text) => {
      field.value = text;
      tabs.keep(text);
    },
    onRun: () => run(),
  });
  field.hidden = true;
  const tabs = makeTabs(byId("query-tabs"), { texts, first: field.value, isAsked: location.search !== "", show });
  byId("new-tab").addEventListener("click", () => tabs.add(""));
  byId("query-label").addEventListener("click", () => editor.focus());
  for (const id of ["share", "copy-menu", "keys"]) byId(id).hidden = false;
  markProblem();
  showPast();
  views.refresh();

  function show(text) {
    field.value = text;
    editor.show(text);
  }

  async function run(isNew = true) {
    const text = editor.text();
    if (!text.trim()) return;
    running?.abort.abort();
    running = { id: makeId(), abort: new AbortController() };
    const own = running;
    begin();
    try {
      const outcome = await ask(text, own);
      if (own !== running) return;
      byId("examples")?.removeAttribute("open");
      byId("outcome").innerHTML = outcome; // written by our server from escaped values, as the whole page would be
      addPast(text);
      showPast();
      if (isNew) addAddress(text);
      views.refresh();
      status.textContent = markProblem() ? texts.problem : texts.done;
    } catch (error) {
      if (own === running) status.textContent = error.name === "AbortError" ? texts.cancelled : texts.failed;
    } finally {
      if (own === running) end();
    }
  }

  function begin() {
    editor.unmark();
    editor.settle();
    byId("cancel").hidden = false;
    byId("outcome").setAttribute("aria-busy", "true");
    const since = performance.now();
    status.textContent = `${texts.running} …`;
    running.clock = setInterval(() => { status.textContent = `${texts.running} … ${Math.round((performance.now() - since) / 1000)} s`; }, 1000);
  }

  function end() {
    clearInterval(running.clock);
    byId("cancel").hidden = true;
    byId("outcome").removeAttribute("aria-busy");
    running = null;
  }

  async function ask(text, own) {
    const address = `/sparql?${new URLSearchParams({ query: text })}`;
    const isLong = address.length > LONGEST_ADDRESS;
    const answer = await fetch(isLong ? "/sparql" : address, {
      method: isLong ? "POST" : "GET",
      body: isLong ? new URLSearchParams({ query: text }) : undefined,
      headers: { Accept: "text/html", "X-Fragment": "result", "Query-Id": own.id },
      signal: own.abort.signal,
    });
    return answer.text();
  }

  async function cancel() {
    if (!running) return;
    const own = running;
    await fetch(`/sparql/running/${own.id}`, { method: "DELETE" }).then((answer) => answer.text()).catch(() => undefined);
    own.abort.abort();
  }

  function markProblem() {
    const problem = byId("outcome").querySelector(".notice--error[data-line]");
    if (!problem) return Boolean(byId("outcome").querySelector(".notice--error"));
    editor.mark(Number(problem.dataset.line), Number(problem.dataset.column), problem.querySelector("p")?.textContent ?? "");
    return true;
  }

  function showPast() {
    const past = readPast();
    byId("past").hidden = past.length === 0;
    byId("past").querySelector("ul").replaceChildren(...past.map((one) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link-button";
      button.textContent = nameOf(one.text, texts.untitled);
      button.addEventListener("click", () => { tabs.add(one.text); editor.focus(); });
      const time = document.createElement("time");
      time.dateTime = one.at;
      time.className = "muted small";
      time.textContent = ` ${new Date(one.at).toLocaleString(document.documentElement.lang)}`;
      item.append(button, time);
      return item;
    }));
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      status.textContent = texts.copied;
    } catch {
      status.textContent = text; // where the clipboard is closed to us, it can be copied by hand
    }
  }

  // Back and Forward bring the query of that entry and its result; a page without a query has none.
  addEventListener("popstate", () => {
    const text = new URLSearchParams(location.search).get("query");
    if (text === null) return location.reload();
    show(text);
    tabs.keep(text);
    run(false);
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); run(); });
  byId("cancel").addEventListener("click", cancel);
  byId("share").addEventListener("click", () => copy(`${location.origin}/sparql?${new URLSearchParams({ query: editor.text() })}`));
  byId("copy-as").addEventListener("change", (event) => {
    if (event.target.value) copy(program(event.target.value, editor.text(), `${location.origin}/sparql`));
    event.target.value = "";
  });
  byId("outcome").addEventListener("click", (event) => {
    const link = event.target.closest("a[data-repaired]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const text = new URL(link.href).searchParams.get("query");
    show(text);
    tabs.keep(text);
    run();
  });
  byId("forget").addEventListener("click", () => { forgetPast(); showPast(); });
  byId("examples")?.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-example]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    tabs.add(await readExample(link.href));
    editor.focus();
    byId("query-form").scrollIntoView();
  });
}

// Not randomUUID, which browsers have only over HTTPS.
function makeId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function fetchVocabulary() {
  try {
    return await (await fetch("/sparql/vocabulary")).json();
  } catch {
    return { prefixes: {}, classes: [], properties: [] };
  }
}

async function readExample(address) {
  const page = await (await fetch(address, { headers: { Accept: "text/html" } })).text();
  return new DOMParser().parseFromString(page, "text/html").getElementById("query")?.value ?? "";
}

// An entry in the browser's history for each query that was run, so that Back leads to the one before.
function addAddress(text) {
  const address = `/sparql?${new URLSearchParams({ query: text })}`;
  if (address.length > LONGEST_ADDRESS || address === `${location.pathname}${location.search}`) return;
  history.pushState(null, "", address);
}
