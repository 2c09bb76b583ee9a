// What this browser keeps of the editor: the open tabs and what was asked before. Where nothing can be kept the editor works without.
const TABS = "qit4n-tabs";
const WINDOW = "qit4n-tab";
const LAST = "qit4n-last-tab";
const PAST = "qit4n-past";
const MOST_PAST = 50;
const MOST_TABS = 20;
const LONGEST = 100_000;

function read(name, otherwise, isOfWindow = false) {
  try {
    return JSON.parse((isOfWindow ? sessionStorage : localStorage).getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(name, value, isOfWindow = false) {
  try {
    (isOfWindow ? sessionStorage : localStorage).setItem(name, JSON.stringify(value));
  } catch {
    // Private windows and full disks: nothing is kept then.
  }
}

// The tabs of all windows stand together in localStorage, each with an identifier; which of them a window has open at the front is
// its own (sessionStorage). A window writes only what it changed itself.
function readAll() {
  const kept = read(TABS, null);
  const tabs = Array.isArray(kept?.tabs) ? kept.tabs : [];
  return tabs.map((one, index) => (typeof one === "string" ? { id: `kept-${index}`, text: one } : one)).filter((one) => typeof one?.text === "string" && typeof one.id === "string").slice(-MOST_TABS);
}

function writeAll(tabs) {
  write(TABS, { tabs: tabs.slice(-MOST_TABS) });
}

// `linked` is the text that a link brought: a tab that still has it may be used for the next link.
export function readTabs() {
  const { current, linked } = read(WINDOW, null, true) ?? read(LAST, {});
  const tabs = readAll().map((one) => ({ ...one, known: one.text }));
  return { tabs, linked: typeof linked === "string" ? linked : null, current: Math.max(tabs.findIndex((one) => one.id === current), 0) };
}

export function makeTab(text) {
  return { id: [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join(""), text };
}

// Keep one tab. Where another window changed the same one since it was read here, this text becomes a tab of its own: nothing is lost.
export function keepTab(tab) {
  const kept = readAll();
  const text = tab.text.slice(0, LONGEST);
  let at = kept.findIndex((one) => one.id === tab.id);
  if (at >= 0 && kept[at].text !== tab.known && kept[at].text !== text) {
    tab.id = makeTab("").id;
    at = -1;
  }
  if (at >= 0 && kept[at].text === text) return;
  tab.known = text;
  if (at < 0) kept.push({ id: tab.id, text });
  else kept[at] = { id: tab.id, text };
  writeAll(kept);
}

// A tab that was closed here is gone, unless another window wrote in it meanwhile.
export function dropTab(tab) {
  writeAll(readAll().filter((one) => one.id !== tab.id || one.text !== tab.known));
}

export function keepPlace(tab, linked) {
  const place = { current: tab.id, linked: linked?.slice(0, LONGEST) ?? null };
  write(WINDOW, place, true);
  write(LAST, place);
}

export function readPast() {
  const past = read(PAST, []);
  return Array.isArray(past) ? past.filter((one) => typeof one?.text === "string") : [];
}

export function addPast(text) {
  if (text.length > LONGEST) return;
  const others = readPast().filter((one) => one.text !== text);
  write(PAST, [{ text, at: new Date().toISOString() }, ...others].slice(0, MOST_PAST));
}

export function forgetPast() {
  write(PAST, []);
}

// A query's name: its first comment, else its first line that is no prologue.
export function nameOf(text, untitled) {
  const lines = text.split("\n").map((line) => line.trim());
  const comment = lines.find((line) => line.startsWith("#"))?.replace(/^#+\s*/, "");
  const first = lines.find((line) => line && !/^(#|prefix|base)/i.test(line));
  const name = (comment || first || untitled).replace(/\s+/g, " ");
  return name.length > 32 ? `${name.slice(0, 31)}…` : name;
}
