// The identifier of a new thing: suggested from what is filled in, as the things that are there are named, and checked for being free.
import { read } from "./terms.js";

const PAUSE = 250;
let count = 0;

export class Identifier extends EventTarget {
  constructor(form, stand, pattern) {
    super();
    this.form = form;
    this.stand = stand;
    this.pattern = pattern;
    this.iri = null;
    this.isOwn = false; // whether a person wrote it
    const { texts, base } = form.data;
    const id = `identifier-${++count}`;
    const make = (name, properties) => Object.assign(document.createElement(name), properties);
    this.input = make("input", { id, type: "text", autocomplete: "off", spellcheck: false });
    this.input.dataset.control = "";
    this.input.setAttribute("aria-describedby", `${id}-told`);
    this.told = make("p", { id: `${id}-told`, className: "hint", textContent: texts.identifierMissing });
    this.told.setAttribute("role", "status");
    this.box = make("div", { className: "identifier" });
    this.box.append(make("label", { htmlFor: id, textContent: texts.identifier }), make("span", { className: "base", textContent: base }), this.input, this.told);
    this.input.addEventListener("change", (event) => event.stopPropagation());
    this.input.addEventListener("input", () => {
      this.isOwn = this.input.value.trim() !== "";
      this.later(() => (this.isOwn ? this.ask({ id: this.input.value.trim() }) : this.suggest()));
    });
  }

  get kept() {
    return this.isOwn ? this.input.value : undefined;
  }

  restore(kept) {
    if (!kept) return;
    this.isOwn = true;
    this.input.value = kept;
    this.ask({ id: kept });
  }

  later(act) {
    clearTimeout(this.timer);
    this.pending = () => {
      clearTimeout(this.timer);
      this.pending = null;
      act();
    };
    this.timer = setTimeout(this.pending, PAUSE);
  }

  suggest() {
    if (this.isOwn || !this.pattern) return;
    const values = this.form.written()
      .filter(([subject, predicate]) => subject === this.stand && this.pattern.includes(`{${predicate}}`))
      .map(([, predicate, object]) => [predicate, read(object).value])
      .map(([predicate, value]) => [predicate, this.form.identifiers.get(value)?.iri ?? value])
      .filter(([, value]) => !value.startsWith(`${this.form.data.base}new/`));
    const first = new Map(values.reverse()); // of several values of a property the first counts
    const asked = [...first].map(([predicate, value]) => `${predicate} ${value}`).sort();
    if (String(asked) === this.asked) return;
    this.asked = String(asked);
    this.later(() => this.ask({ pattern: this.pattern, value: asked }));
  }

  // Wait until what is to be asked is answered.
  async settled() {
    this.pending?.();
    await this.answering;
  }

  ask(wanted) {
    this.answering = this.answer(wanted);
  }

  async answer(wanted) {
    const { texts } = this.form.data;
    const turn = this.turn = {};
    const query = new URLSearchParams(Object.entries(wanted).flatMap(([name, value]) => [value].flat().map((one) => [name, one])));
    let told = { id: null };
    try {
      const response = await fetch(`/contribute/identifier?${query}`, { headers: { Accept: "application/json" } });
      if (response.ok) told = await response.json();
      else if (wanted.id) told = { id: null, isBad: true };
    } catch {
      // It is asked again with the next change.
    }
    if (turn !== this.turn) return;
    if (!this.isOwn) this.input.value = told.id ?? "";
    this.iri = told.id && !told.taken ? told.iri : null;
    this.told.replaceChildren(told.isBad ? texts.identifierBad : !told.id ? texts.identifierMissing : told.taken ? texts.identifierTaken.replace("{name}", told.label) : texts.identifierFree);
    if (told.taken) this.told.append(" ", Object.assign(document.createElement("a"), { href: `/contribute/edit?id=${encodeURIComponent(told.id)}`, textContent: texts.openTaken }));
    this.input.toggleAttribute("aria-invalid", Boolean(told.taken || told.isBad));
    if (told.taken || told.isBad) this.input.setAttribute("aria-invalid", "true");
    this.dispatchEvent(new Event("change"));
  }
}
