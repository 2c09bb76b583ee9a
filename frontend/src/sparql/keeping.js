// What this browser keeps of the editor: the open tabs and what was asked before. Where nothing can be kept the editor works without.
const TABS = "qit4n-tabs";
const PAST = "qit4n-past";
const MOST_PAST = 50;
const MOST_TABS = 20;
const LONGEST = 100_000;

function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Private windows and full disks: nothing is kept then.
  }
}

export function readTabs() {
  const kept = read(TABS, null);
  const tabs = Array.isArray(kept?.tabs) ? kept.tabs.filter((text) => typeof text === "string").slice(0, MOST_TABS) : [];
  const linked = typeof kept?.linked === "string" ? kept.linked : null;
  return { tabs, linked, current: Math.min(Math.max(Number(kept?.current) || 0, 0), Math.max(tabs.length - 1, 0)) };
}

// `linked` is the text that a link brought: a tab that still has it may be used for the next link.
export function writeTabs(tabs, current, linked) {
  write(TABS, { tabs: tabs.slice(0, MOST_TABS).map((text) => text.slice(0, LONGEST)), current, linked: linked?.slice(0, LONGEST) ?? null });
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
