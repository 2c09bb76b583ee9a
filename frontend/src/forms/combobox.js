// A field that finds things by name: the combobox pattern of the ARIA Authoring Practices (list autocomplete, manual selection).
// `editor` (hidden) has the IRI that was chosen, which shacl-form reads; what is typed is only a question until something is chosen.
const PAUSE = 150;

export class Combobox {
  constructor(editor, { id, kinds, texts, label = "" }) {
    this.editor = editor;
    this.kinds = kinds;
    this.texts = texts;
    this.options = [];
    this.at = -1;
    this.name = label;
    this.input = Object.assign(document.createElement("input"), { id, type: "text", autocomplete: "off", placeholder: texts.search, value: label });
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-list` })) this.input.setAttribute(name, value);
    this.list = Object.assign(document.createElement("ul"), { id: `${id}-list`, className: "suggestions", hidden: true });
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", texts.choose);
    this.status = Object.assign(document.createElement("p"), { className: "status" });
    this.status.setAttribute("role", "status");
    this.input.addEventListener("input", () => this.later());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("change", (event) => event.stopPropagation());
    this.input.addEventListener("blur", () => this.leave());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.take([...this.list.children].indexOf(option));
    });
  }

  get parts() {
    return [this.input, this.list, this.status];
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), PAUSE);
  }

  async ask() {
    const text = this.input.value.trim();
    this.asked?.abort();
    if (!text) return this.show([]);
    this.asked = new AbortController();
    try {
      const wanted = new URLSearchParams([["q", text.slice(0, 200)], ...this.kinds.map((kind) => ["class", kind])]);
      const answer = await fetch(`/contribute/values?${wanted}`, { signal: this.asked.signal, headers: { Accept: "application/json" } });
      this.show(answer.ok ? await answer.json() : []);
    } catch (error) {
      if (error.name !== "AbortError") this.show([]);
    }
  }

  show(options) {
    this.options = options;
    this.at = -1;
    this.list.replaceChildren(...options.map(({ label }, place) => {
      const option = Object.assign(document.createElement("li"), { id: `${this.list.id}-${place}`, className: "suggestion", textContent: label });
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      return option;
    }));
    const asked = this.input.value.trim();
    this.status.textContent = !asked ? "" : options.length ? this.texts.found.replace("{count}", options.length) : this.texts.none;
    this.open(options.length > 0);
  }

  open(isOpen) {
    this.list.hidden = !isOpen;
    this.input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) this.input.removeAttribute("aria-activedescendant");
  }

  move(step) {
    const count = this.options.length;
    this.at = (this.at + step + count + (this.at < 0 && step < 0 ? 1 : 0)) % count;
    [...this.list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === this.at)));
    this.list.children[this.at].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", this.list.children[this.at].id);
  }

  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && !this.list.hidden) this.open(false);
    else if (step && this.options.length) {
      this.open(true);
      this.move(step);
    } else if (event.key === "Enter" && this.at >= 0 && !this.list.hidden) this.take(this.at);
    else return;
    event.preventDefault();
  }

  take(place) {
    const { iri, label } = this.options[place];
    this.set(iri, label);
    this.open(false);
    this.status.textContent = "";
  }

  set(iri, label) {
    this.name = this.input.value = label;
    this.editor.label = label;
    this.editor.value = iri;
    this.editor.dispatchEvent(new Event("change", { bubbles: true }));
  }

  leave() {
    this.open(false);
    if (!this.input.value.trim()) {
      if (this.editor.value) this.set("", "");
      this.status.textContent = "";
    } else if (this.input.value !== this.name || !this.editor.value) {
      if (this.editor.value) this.input.value = this.name;
      this.status.textContent = this.editor.value ? "" : this.texts.notChosen;
    }
  }
}
