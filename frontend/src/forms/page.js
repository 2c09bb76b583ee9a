// The page of a form: what is changed in words, the reasons, checking, sending, and keeping what was typed. The server judges; it is
// asked by POST /validate, and what is sent goes to POST /contributions like everybody's.
import { decide, difference } from "./difference.js";
import { EntityForm } from "./entity.js";
import { Findings } from "./findings.js";
import { Keeping } from "./keeping.js";
import { lineOf, TYPE } from "./terms.js";

const PAUSE = 300;
const UNSAID = "…";
const at = (id) => document.getElementById(`entity-${id}`);
const make = (name, properties = {}) => Object.assign(document.createElement(name), properties);

class Page {
  constructor(data) {
    this.data = data;
    this.texts = data.texts;
    this.keeping = new Keeping(data);
    this.reasons = new Map(); // by statement: why a document is not followed, or that it was misread
    this.form = new EntityForm(data, at("form"));
    this.findings = new Findings(this.form, at("findings"), this.texts);
    this.key = crypto.randomUUID?.() ?? String(Math.random());
  }

  async show() {
    at("form").hidden = false;
    const kept = this.keeping.read();
    await this.form.show(kept?.change);
    for (const [name, value] of Object.entries(kept?.fields ?? {})) at(name).value = value;
    for (const [line, reason] of kept?.reasons ?? []) this.reasons.set(line, reason);
    at("without").hidden = true;
    at("send").hidden = false;
    this.form.addEventListener("change", () => this.later());
    for (const name of ["message", "evidence", "licence"]) at(name).addEventListener("input", () => this.amend(name));
    for (const name of ["form", "send"]) at(name).addEventListener("input", () => this.findings.unsay()); // by a person, not by the form
    at("check").addEventListener("click", () => this.check());
    at("send").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.tell();
    if (kept && (this.change.adds.length || this.change.removes.length)) this.tellRestored();
    addEventListener("pagehide", () => this.keep());
  }

  tellRestored() {
    const box = at("restored");
    const forget = make("button", { type: "button", className: "link-button", textContent: this.texts.forget });
    forget.addEventListener("click", () => {
      this.isDone = true;
      this.keeping.forget();
      location.reload();
    });
    box.replaceChildren(make("strong", { textContent: this.texts.restored }), make("p"));
    box.lastChild.append(forget);
    box.hidden = false;
  }

  amend(name) {
    if (at(`${name}-error`)?.textContent) this.has(name, true);
    this.later();
  }

  later() {
    this.isWarned = false;
    at("submit").textContent = this.texts.send;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.tell();
      this.keep();
    }, PAUSE);
  }

  // --- what is changed

  get change() {
    const written = this.form.written();
    const shown = this.form.shown;
    const { adds, removes } = difference(shown, written);
    const isEmpty = adds.every(([subject, predicate]) => subject === this.form.root && predicate === TYPE); // a new thing of which nothing is said
    return { adds: isEmpty ? [] : adds, removes, written };
  }

  decided({ removes, written }) {
    return decide(removes, {
      written,
      sourcesOf: (one) => this.form.sources.get(lineOf(one)) ?? [],
      reasonOf: (one) => this.reasons.get(lineOf(one)),
    });
  }

  keep() {
    if (this.isDone) return;
    const { adds, removes } = this.change;
    if (!adds.length && !removes.length) return this.keeping.forget();
    const identifiers = Object.fromEntries([...this.form.identifiers].map(([iri, identifier]) => [iri, identifier.kept]));
    const own = adds.filter(([, predicate]) => predicate !== TYPE);
    return this.keeping.write({
      change: { adds: own, removes, nested: Object.fromEntries(this.form.nested), identifiers },
      fields: { message: at("message").value, evidence: at("evidence").value },
      reasons: [...this.reasons],
    });
  }

  tell() {
    const change = this.change;
    const sentences = this.sentences(change);
    at("changes").replaceChildren(...(sentences.length ? sentences : [this.texts.noChange]).map((text) => make("li", { textContent: text })));
    this.tellReasons(this.decided(change).filter((one) => one.document));
  }

  sentences({ adds, removes }) {
    const { texts, form } = this;
    const told = [];
    const left = adds.filter(([, predicate]) => predicate !== TYPE);
    const name = ([subject, predicate]) => `${subject === form.root ? "" : `${form.called(subject)}, `}${form.field(subject, predicate)?.name ?? predicate}`;
    const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
    for (const gone of removes) {
      const place = left.findIndex(([subject, predicate]) => subject === gone[0] && predicate === gone[1]);
      const [come] = place < 0 ? [] : left.splice(place, 1);
      const values = { property: name(gone), before: form.label(gone[2]), value: form.label((come ?? gone)[2]) };
      told.push(fill(come ? texts.changed : texts.removed, values));
    }
    for (const come of left) told.push(fill(texts.added, { property: name(come), value: form.label(come[2]) }));
    return told;
  }

  tellReasons(decided) {
    const box = at("reasons");
    const lines = decided.map(({ statement, isReplaced }) => `${lineOf(statement)} ${isReplaced}`);
    if (box.dataset.lines === String(lines)) return; // what is typed there stays
    box.dataset.lines = String(lines);
    box.replaceChildren(...decided.map((one, place) => this.makeReason(one, place)));
  }

  makeReason({ statement, document: source, isReplaced }, place) {
    const { texts, form } = this;
    const line = lineOf(statement);
    const name = `${form.field(statement[0], statement[1])?.name ?? ""}: ${form.label(statement[2])}`;
    if (!isReplaced) return make("p", { className: "hint", textContent: `${name}. ${texts.takenBack.replace("{source}", source.label)}` });
    const kept = this.reasons.get(line) ?? {};
    const box = make("div", { className: "notice field field--wide" });
    const label = make("label", { htmlFor: `entity-reason-${place}`, textContent: `${name}. ${texts.stated.replace("{source}", source.label)}` });
    const input = make("input", { id: `entity-reason-${place}`, type: "text", maxLength: 10_000, value: kept.reason ?? "" });
    input.setAttribute("aria-describedby", `entity-reason-${place}-hint`);
    const hint = make("p", { id: `entity-reason-${place}-hint`, className: "hint", textContent: texts.statedHint });
    const choice = make("label");
    const misread = make("input", { type: "checkbox", checked: kept.misread ?? false });
    choice.append(misread, ` ${texts.misread}`);
    const settle = () => {
      input.disabled = misread.checked;
      this.reasons.set(line, { reason: input.value.trim(), misread: misread.checked });
      this.later();
    };
    input.addEventListener("input", settle);
    misread.addEventListener("change", settle);
    input.disabled = misread.checked;
    box.append(label, input, hint, choice);
    return box;
  }

  // --- checking and sending

  // What would be sent, or null with the focus on what is missing; a check does without message, licence and reasons.
  async body(isSending) {
    await this.form.identified();
    const change = this.change;
    const decided = this.decided(change);
    if (!change.adds.length && !change.removes.length) return this.refuse(this.texts.noChange);
    const adds = this.form.resolved(change.adds);
    const unnamed = adds.missing.find(({ input }) => input.getAttribute("aria-invalid") === "true") ?? adds.missing[0]; // one may be made of another
    if (unnamed) return this.refuse(unnamed.told.textContent, unnamed.input);
    if (isSending) {
      const unsaid = decided.filter((one) => one.document && one.isReplaced).findIndex((one) => one.isOverruled && !one.reason);
      if (unsaid >= 0) return this.refuse(this.texts.reasonMissing, at("reasons").querySelectorAll("input[type=text]")[unsaid]);
      if (!this.has("message", at("message").value.trim(), this.texts.messageMissing)) return null;
      if (!this.has("licence", at("licence").checked, this.texts.licenceMissing)) return null;
    }
    const overruled = decided.filter((one) => one.isOverruled);
    const retracted = decided.filter((one) => !one.isOverruled);
    return {
      message: at("message").value.trim(),
      evidence: at("evidence").value.split("\n").map((line) => line.trim()).filter(Boolean),
      licence: at("licence").checked ? "CC-BY-4.0" : "",
      generation: this.data.generation,
      key: this.key,
      adds: adds.statements.map(lineOf).join("\n"),
      retracts: retracted.map((one) => lineOf(one.statement)).join("\n"),
      overrules: overruled.map((one) => ({ statement: lineOf(one.statement), reason: one.reason || UNSAID })),
    };
  }

  // A reason that is not given stands as "…" in what is checked.
  isComplete({ message, licence, overrules }) {
    return Boolean(message && licence) && overrules.every(({ reason }) => reason !== UNSAID);
  }

  has(name, value, text) {
    at(`${name}-error`).textContent = value ? "" : text;
    at(name).setAttribute("aria-invalid", String(!value));
    if (!value) at(name).focus();
    return Boolean(value);
  }

  refuse(text, control) {
    control?.focus();
    this.findings.refuse(text);
    return null;
  }

  status(text) {
    at("status").textContent = text;
  }

  // Ask the server what the shapes would say; true where nothing stands against sending.
  async check(isSending = false) {
    this.findings.clear();
    const missing = await this.missing();
    if (missing) return this.refuse(this.toldOf(missing), missing), false;
    const body = await this.body(isSending);
    if (!body) return false;
    this.status(this.texts.checking);
    const { status, told } = await this.post("/validate", body);
    this.status("");
    if (status === 410 || status === 412) return this.tellConflict(told), false;
    if (status !== 200) return this.fail(told), false;
    const count = (severity) => told.results.filter((one) => one.severity === severity).length;
    const faults = count("Violation");
    const others = told.results.length - faults;
    if (!told.results.length) {
      if (!isSending) this.findings.fine(this.isComplete(body) ? this.texts.fine : this.texts.fineSoFar);
      return body;
    }
    const isWarning = faults === 0;
    this.findings.show(told.results, isWarning ? this.texts.warnings.replace("{count}", others) : this.texts.faults.replace("{count}", faults), !isWarning);
    if (!isWarning || !isSending || this.isWarned) return isWarning && this.isWarned ? body : false;
    this.isWarned = true;
    at("submit").textContent = this.texts.sendAnyway;
    at("submit").focus();
    return false;
  }

  // The first field that is needed and empty, or wrong; identifiers are told of once the fields that they are made of are right.
  async missing() {
    await this.form.element.validate(false);
    const all = [...this.form.element.form.querySelectorAll(".property-instance.invalid > [data-control], [aria-invalid=true]")];
    const wrong = all.find((one) => !one.closest(".identifier"));
    const instance = wrong?.closest(".property-instance");
    if (instance) this.form.focus(instance);
    return wrong;
  }

  toldOf(control) {
    const error = control.closest(".property-instance")?.querySelector(":scope > .validation-error");
    return (control.value && error?.textContent) || this.texts.fieldMissing;
  }

  async send() {
    const body = await this.check(true);
    if (!body) return;
    if (!this.data.mayContribute) return this.askToSignIn();
    this.status(this.texts.sending);
    const { status, told } = await this.post("/contributions", body);
    this.status("");
    if (status === 200 || status === 201) {
      this.isDone = true;
      this.keeping.forget();
      location.href = `/contributions/${told.id}`;
    } else if (status === 401) this.askToSignIn();
    else if (status === 410 || status === 412) this.tellConflict(told);
    else this.fail(told);
  }

  askToSignIn() {
    this.keep();
    const link = make("a", { href: `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`, textContent: this.texts.signInLink });
    this.findings.say(this.texts.signIn, [link]);
  }

  tellConflict(told) {
    this.keep();
    const list = make("ul");
    list.append(...(told.conflicts ?? [told.detail]).map((text) => make("li", { textContent: text })));
    const button = make("button", { type: "button", className: "button button--quiet", textContent: this.texts.reload });
    button.addEventListener("click", () => location.reload());
    this.findings.say(this.texts.conflict, [list, button]);
  }

  fail(told) {
    this.keep();
    if (told?.report) return this.findings.show(told.report.results, told.detail, true);
    return this.findings.say(told ? [told.detail ?? told.title, told.hint].filter(Boolean).join(" ") : this.texts.failed);
  }

  async post(path, body) {
    try {
      const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": this.data.csrf };
      const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
      return { status: response.status, told: await response.json() };
    } catch {
      return { status: 0, told: null };
    }
  }
}

export async function start() {
  const text = at("data")?.textContent;
  if (!text) return;
  await new Page(JSON.parse(text)).show();
}
