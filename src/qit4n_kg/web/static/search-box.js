// Suggestions under a search box while one types: the combobox pattern of the ARIA Authoring Practices (list autocomplete, manual
// selection). The form works without this script; with it the arrow keys choose a thing, Enter opens it, Escape closes the list.
// A module of its own, without a build: every page loads it, and it depends on nothing.

const PAUSE = 90; // milliseconds without a key before the server is asked
const KEPT = 60; // answers that are kept, so that deleting letters asks nothing

class SearchBox {
  constructor(form, number) {
    this.form = form;
    this.input = form.querySelector("input[type=search]");
    this.source = form.dataset.suggest;
    this.answers = new Map();
    this.options = [];
    this.chosen = -1;
    this.makeList(`suggestions-${number}`);
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.setAttribute("aria-controls", this.list.id);
    this.input.setAttribute("aria-expanded", "false");
    this.input.addEventListener("input", () => this.later());
    this.input.addEventListener("focus", () => this.input.value.trim() && this.options.length && this.open());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    form.addEventListener("focusout", (event) => form.contains(event.relatedTarget) || this.close());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays in the box
    this.list.addEventListener("click", (event) => this.onClick(event));
    form.addEventListener("submit", (event) => this.input.value.trim() || event.preventDefault());
  }

  makeList(id) {
    this.list = document.createElement("ul");
    this.list.id = id;
    this.list.className = "suggestions";
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", this.form.dataset.suggestions);
    this.status = document.createElement("p");
    this.status.className = "visually-hidden";
    this.status.setAttribute("role", "status");
    this.input.parentElement.append(this.list, this.status);
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), PAUSE);
  }

  async ask() {
    const text = this.input.value.trim().replace(/\s+/g, " ");
    this.asked?.abort();
    if (!text) return this.show([]);
    if (this.answers.has(text)) return this.show(this.answers.get(text));
    this.asked = new AbortController();
    try {
      const address = `${this.source}?q=${encodeURIComponent(text.slice(0, 200))}`;
      const response = await fetch(address, { signal: this.asked.signal, headers: { Accept: "application/json" } });
      if (!response.ok) return this.show([]);
      const { suggestions } = await response.json();
      if (!Array.isArray(suggestions)) return this.show([]);
      if (this.answers.size >= KEPT) this.answers.delete(this.answers.keys().next().value);
      this.answers.set(text, suggestions);
      this.show(suggestions);
    } catch (error) {
      if (error.name !== "AbortError") this.show([]);
    }
  }

  show(suggestions) {
    const chosen = this.options[this.chosen]?.href; // what was chosen stays so where a later answer has it too
    this.options = suggestions;
    this.list.replaceChildren(...suggestions.map((one, index) => this.makeOption(one, index)));
    this.choose(chosen ? suggestions.findIndex((one) => one.href === chosen) : -1);
    this.status.textContent = suggestions.length
      ? this.form.dataset.found.replace("{count}", suggestions.length)
      : "";
    if (suggestions.length && document.activeElement === this.input) this.open();
    else this.close();
  }

  makeOption({ label, type, also }, index) {
    const option = document.createElement("li");
    option.id = `${this.list.id}-${index}`;
    option.className = "suggestion";
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const name = document.createElement("bdi");
    name.textContent = label;
    const kind = document.createElement("span");
    kind.className = "suggestion__kind";
    kind.textContent = also ? `${also} · ${type}` : type;
    option.append(name, " ", kind);
    return option;
  }

  choose(index) {
    this.chosen = index;
    [...this.list.children].forEach((option, position) => {
      option.setAttribute("aria-selected", String(position === index));
      if (position === index) option.scrollIntoView({ block: "nearest" });
    });
    if (index < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `${this.list.id}-${index}`);
  }

  onKey(event) {
    const count = this.options.length;
    if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault(); // a first Escape closes the list, a second one empties the box
      this.close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      const from = this.list.hidden ? -1 : this.chosen;
      this.open();
      this.choose(from < 0 && step < 0 ? count - 1 : from + step >= count ? -1 : from + step);
    } else if (event.key === "Enter" && this.chosen >= 0 && !this.list.hidden) {
      event.preventDefault();
      this.follow(this.chosen);
    }
  }

  onClick(event) {
    const option = event.target.closest("[role=option]");
    if (option) this.follow([...this.list.children].indexOf(option));
  }

  follow(index) {
    location.assign(this.options[index].href);
  }

  open() {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.choose(-1);
  }
}

document.querySelectorAll("form[data-suggest]").forEach((form, number) => new SearchBox(form, number));
