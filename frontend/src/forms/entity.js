// The form itself: shacl-form's element with our theme, made reachable by keyboard, with new things inside it and fields that are
// seldom used folded away. It knows what it shows and what it gives; it sends nothing.
import { ShaclForm } from "@ulb-darmstadt/shacl-form/dist/form-default.js";
import { applied, sayable } from "./difference.js";
import { Identifier } from "./identifier.js";
import { PageTheme } from "./theme.js";
import { LABEL, lineOf, read, STRING, TYPE, write } from "./terms.js";

export class EntityForm extends EventTarget {
  constructor(data, box) {
    super();
    this.data = data;
    this.root = data.thing ?? `${data.base}new`;
    this.nested = new Map(); // new things: the IRI that stands for one until it has an identifier → its class
    this.identifiers = new Map(); // the same IRIs, and that of the form's own new thing → its identifier
    this.loaded = data.statements.map(({ predicate, value }) => [this.root, predicate, write(read(value))]);
    this.sources = new Map(this.loaded.map((one, place) => [lineOf(one), data.statements[place].sources]));
    const element = this.element = new ShaclForm();
    const validate = element.validate;
    element.validate = async (ignoreEmpty) => {
      const conforms = await validate.call(element, ignoreEmpty);
      this.settle();
      return conforms;
    };
    element.createValidationErrorDisplay = ({ message, sourceConstraintComponent, focusNode }) => {
      const text = message?.length ? message.map(({ value }) => value).join(" ") : sourceConstraintComponent?.value ?? "";
      const shown = Object.assign(document.createElement("span"), { className: "validation-error", textContent: text });
      shown.dataset.about = focusNode.value;
      return shown;
    };
    const settings = { ignoreOwlImports: "", language: "en", loading: "…", shapes: data.shapes, shapeSubject: data.kind.iri, valuesSubject: this.root };
    Object.assign(element.dataset, settings);
    element.setTheme(new PageTheme(data, (subject, predicate) => this.field(subject, predicate)));
    box.append(element);
    new MutationObserver(() => this.decorate()).observe(element.form, { childList: true, subtree: true });
  }

  // Show what is there now, and over it a change that was kept.
  async show(kept) {
    await this.load(this.loaded);
    this.shown = sayable(this.loaded, this.written());
    if (kept) {
      for (const [iri, kind] of Object.entries(kept.nested ?? {})) this.nested.set(iri, kind);
      await this.load(applied(this.shown, kept, (subject, predicate) => this.field(subject, predicate)?.most === 1));
    }
    this.fold();
    this.offerNew();
    this.markVacant();
    for (const [iri, kind] of this.nested) this.replaceByNested(iri, kind);
    if (!this.data.thing) this.identify(this.root, this.data.kind.iri, this.element.shape);
    for (const [iri, identifier] of this.identifiers) identifier.restore(kept?.identifiers?.[iri]);
    this.decorate();
    this.identifiers.forEach((identifier) => identifier.suggest());
    this.element.addEventListener("change", () => this.changed());
  }

  load(statements) {
    return new Promise((done) => {
      this.onSettled = done;
      this.element.dataset.values = statements.map(lineOf).join("\n");
    });
  }

  settle() {
    const { form } = this.element;
    this.dropStrays();
    for (const instance of form.querySelectorAll(".property-instance")) this.describe(instance);
    this.onSettled?.();
    this.onSettled = null;
  }

  // shacl-form tells what is wrong with a thing at the same field of the things inside it as well.
  dropStrays() {
    for (const error of this.element.form.querySelectorAll(".property-instance > .validation-error")) {
      const instance = error.parentElement;
      if (instance.closest("shacl-node").dataset.nodeId === error.dataset.about) continue;
      error.remove();
      if (!instance.querySelector(":scope > .validation-error")) instance.classList.remove("invalid");
    }
  }

  changed() {
    this.markVacant();
    this.identifiers.forEach((identifier) => identifier.suggest());
    this.dispatchEvent(new Event("change"));
  }

  // --- what it says

  field(subject, predicate) {
    const kind = subject === this.root ? this.data.kind.iri : this.nested.get(subject);
    return this.data.classes[kind]?.fields[predicate];
  }

  // What the form gives now, with the IRIs that stand for new things; of a thing that was there without its class.
  written() {
    const found = [...this.element.toRDF().match(null, null, null)].map(({ subject, predicate, object }) => [subject.value, predicate.value, write(object)]);
    const own = found.filter(([subject, predicate]) => !(subject === this.root && predicate === TYPE));
    if (!this.data.thing) own.unshift([this.root, TYPE, `<${this.data.kind.iri}>`]);
    for (const node of this.element.form.querySelectorAll(".nested > shacl-node")) {
      const iri = node.dataset.nodeId;
      if (own.some(([subject]) => subject === iri)) own.push([iri, TYPE, `<${this.nested.get(iri)}>`]);
    }
    const unique = new Map(own.map((one) => [lineOf(one), one]));
    return [...unique.values()];
  }

  // The same with the identifiers in place; `missing` are new things that have none.
  resolved(statements) {
    const missing = [];
    const name = (iri) => {
      const identifier = this.identifiers.get(iri);
      if (!identifier) return iri;
      if (!identifier.iri && !missing.includes(identifier)) missing.push(identifier);
      return identifier.iri ?? iri;
    };
    const made = statements.map(([subject, predicate, object]) => [name(subject), predicate, object.startsWith("<") ? `<${name(object.slice(1, -1))}>` : object]);
    return { statements: made, missing };
  }

  // What a new thing inside is called.
  called(subject) {
    const control = this.instance(subject, LABEL)?.querySelector(".editor");
    return control?.value || this.data.classes[this.nested.get(subject)]?.label || "";
  }

  label(object) {
    const term = read(object);
    if (term.termType === "Literal" && !term.language && term.datatype.value !== STRING) return term.value;
    if (term.termType === "Literal") return term.language && term.language !== "en" ? `“${term.value}” (${term.language})` : `“${term.value}”`;
    const listed = Object.values(this.data.lists).flat().find(([iri]) => iri === term.value)?.[1];
    const chosen = [...this.element.form.querySelectorAll("input[type=hidden].editor")].find((editor) => editor.value === term.value)?.label;
    return this.data.names[term.value] ?? listed ?? chosen ?? (this.nested.has(term.value) ? this.called(term.value) : null) ?? term.value.replace(this.data.base, "");
  }

  // --- fields

  instance(subject, predicate, object) {
    const all = [...this.element.form.querySelectorAll(`[data-node-id="${CSS.escape(subject)}"] [data-path="${CSS.escape(predicate)}"]`)]
      .filter((one) => one.closest("shacl-node").dataset.nodeId === subject);
    return all.find((one) => object && one.querySelector(":scope > .editor")?.value === read(object).value) ?? all[0];
  }

  focus(instance) {
    const group = instance.closest(".shacl-group");
    if (group && !group.classList.contains("open")) group.querySelector("button").click();
    (instance.querySelector("[data-control]") ?? instance).focus();
  }

  say(instance, text, isWarning) {
    instance.append(Object.assign(document.createElement("span"), { className: `server-finding${isWarning ? " warning" : ""}`, textContent: text }));
    this.describe(instance);
  }

  clear() {
    for (const one of this.element.form.querySelectorAll(".server-finding")) {
      const instance = one.parentElement;
      one.remove();
      this.describe(instance);
    }
  }

  // Tie help and errors to the field that they are about.
  describe(instance) {
    const control = instance.querySelector(":scope > [data-control]");
    if (!control) return;
    const texts = new Set(); // a value may fail two constraints of one message
    for (const one of instance.querySelectorAll(":scope > .validation-error")) {
      if (texts.has(one.textContent)) one.remove();
      texts.add(one.textContent);
    }
    const told = [...instance.querySelectorAll(":scope > .hint, :scope > .validation-error, :scope > .server-finding")];
    told.forEach((one, place) => { one.id ||= `${control.id}-told-${place}-${Date.now()}`; });
    if (told.length) control.setAttribute("aria-describedby", told.map((one) => one.id).join(" "));
    else control.removeAttribute("aria-describedby");
    const isWrong = told.some((one) => !one.matches(".hint, .warning"));
    if (isWrong) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }

  // shacl-form's own buttons are links without a target: give them a name, a role and the keyboard.
  decorate() {
    const { texts } = this.data;
    for (const button of this.element.form.querySelectorAll(".control-button:not([role])")) {
      const property = button.closest("shacl-property");
      const name = this.field(button.closest("shacl-node").dataset.nodeId, property.template.path)?.name ?? property.template.label;
      const isAdding = button.classList.contains("add-button");
      const label = (isAdding ? texts.add : texts.remove).replace("{name}", name);
      button.setAttribute("role", "button");
      button.tabIndex = 0;
      button.title = "";
      button.textContent = isAdding ? `+ ${label}` : "×";
      if (!isAdding) button.setAttribute("aria-label", label);
      button.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        button.click();
      });
      if (!isAdding) button.addEventListener("click", () => setTimeout(() => {
        property.updateControls();
        this.element.form.dispatchEvent(new Event("change"));
        (property.querySelector("[data-control]") ?? property.addButton).focus();
      }, 260));
    }
  }

  // Fold away what is seldom used; a field that holds something is shown.
  fold() {
    const { fields } = this.data.classes[this.data.kind.iri];
    const seldom = [...this.element.shape.querySelectorAll(":scope > shacl-property")].filter((one) => !fields[one.template.path]?.first && !this.holds(one));
    if (seldom.length < 2) return;
    const group = Object.assign(document.createElement("div"), { className: "shacl-group" });
    const button = Object.assign(document.createElement("button"), { type: "button", className: "more-button", textContent: `${this.data.texts.more} (${seldom.length})` });
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => button.setAttribute("aria-expanded", String(group.classList.toggle("open"))));
    const heading = document.createElement("h2");
    heading.append(button);
    group.append(heading, ...seldom);
    this.element.shape.append(group);
  }

  holds(property) {
    return [...property.querySelectorAll(".editor")].some((editor) => editor.value);
  }

  // --- new things inside

  offerNew() {
    for (const property of this.element.form.querySelectorAll("shacl-property")) {
      const field = this.field(property.closest("shacl-node").dataset.nodeId, property.template.path);
      for (const kind of field?.kinds ?? []) {
        if (!kind.new || !this.data.classes[kind.iri]) continue;
        const button = Object.assign(document.createElement("button"), { type: "button", className: "new-thing", textContent: `+ ${this.data.texts.makeNew.replace("{kind}", kind.label)}` });
        button.addEventListener("click", () => {
          const empty = this.vacancy(property);
          const instance = this.addNested(property, kind.iri, this.freshIri());
          empty?.remove();
          property.updateControls();
          instance.querySelector("[data-control]")?.focus();
          this.element.form.dispatchEvent(new Event("change"));
        });
        property.append(button);
      }
    }
  }

  vacancy(property) {
    return [...property.querySelectorAll(":scope > .property-instance")].find((one) => one.querySelector(":scope > .editor")?.value === "");
  }

  // A field that may have one value only and has none takes a new thing in the place of its empty control.
  markVacant() {
    for (const property of this.element.form.querySelectorAll("shacl-property")) property.classList.toggle("is-vacant", Boolean(this.vacancy(property)));
  }

  freshIri() {
    let number = 1;
    while (this.nested.has(`${this.data.base}new/${number}`)) number += 1;
    return `${this.data.base}new/${number}`;
  }

  addNested(property, kind, iri) {
    const { texts, classes } = this.data;
    const Term = this.element.shape.nodeId.constructor;
    const Node = customElements.get("shacl-node");
    this.nested.set(iri, kind);
    const instance = Object.assign(document.createElement("div"), { className: "property-instance nested" });
    instance.dataset.path = property.template.path;
    const node = new Node(new Term(kind), this.element.config, new Term(iri));
    const heading = Object.assign(document.createElement("h2"), { textContent: texts.newThing.replace("{kind}", classes[kind].label) });
    node.prepend(heading);
    const remove = Object.assign(document.createElement("a"), { className: "control-button remove-button" });
    remove.addEventListener("click", () => {
      this.nested.delete(iri);
      this.identifiers.delete(iri);
      instance.remove();
      property.updateControls();
    });
    instance.append(node, remove);
    property.insertBefore(instance, property.addButton);
    this.identify(iri, kind, node);
    return instance;
  }

  replaceByNested(iri, kind) {
    const editor = [...this.element.form.querySelectorAll(".editor")].find((one) => one.value === iri);
    const instance = editor?.closest(".property-instance");
    if (!instance) return this.nested.delete(iri);
    this.addNested(instance.closest("shacl-property"), kind, iri);
    instance.remove();
    return true;
  }

  // Wait for every identifier, then for those that are made of others.
  async identified() {
    for (let turn = 0; turn < 2; turn += 1) await Promise.all([...this.identifiers.values()].map((identifier) => identifier.settled()));
  }

  identify(iri, kind, node) {
    const identifier = new Identifier(this, iri, this.data.classes[kind].pattern);
    this.identifiers.set(iri, identifier);
    node.append(identifier.box);
    identifier.addEventListener("change", () => {
      for (const other of this.identifiers.values()) if (other !== identifier) other.suggest(); // one may be made of another
      this.dispatchEvent(new Event("change"));
    });
  }
}
