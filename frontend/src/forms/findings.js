// What the shapes say, at the fields and as a list with the way to each; announced, since the list is an alert.
const make = (name, properties = {}) => Object.assign(document.createElement(name), properties);

export class Findings {
  constructor(form, box, texts) {
    this.form = form;
    this.box = box;
    this.texts = texts;
  }

  clear() {
    this.form.clear();
    this.box.replaceChildren();
  }

  notice(kind, title, parts = []) {
    const notice = make("div", { className: `notice notice--${kind}` });
    notice.append(make("strong", { textContent: title }), ...parts);
    this.box.replaceChildren(notice);
  }

  say(text, parts = []) {
    this.notice("error", text, parts);
  }

  // What is missing before anything can be sent: told until something is typed.
  refuse(text) {
    this.say(text);
    this.refusal = this.box.firstChild;
  }

  unsay() {
    this.refusal?.remove();
    this.refusal = null;
  }

  fine(text) {
    this.notice("success", text);
  }

  show(results, title, isError) {
    this.form.clear();
    const list = make("ul");
    let first = null;
    for (const result of results) {
      const instance = this.place(result);
      const isWarning = result.severity !== "Violation";
      const told = [result.message, result.suggestion].filter(Boolean).join(" ");
      const item = make("li");
      item.append(make("strong", { textContent: isWarning ? this.texts.severityWarning : this.texts.severityViolation }), `: ${result.focusLabel ? `${result.focusLabel}: ` : ""}${told} `);
      if (instance) {
        this.form.say(instance, told, isWarning);
        const go = make("button", { type: "button", className: "link-button", textContent: this.texts.goTo });
        go.addEventListener("click", () => this.form.focus(instance));
        item.append(go);
        if (!isWarning) first ??= instance;
      }
      list.append(item);
    }
    this.notice(isError ? "error" : "warning", title, [list]);
    if (first) this.form.focus(first);
  }

  // The field that a result is about: of its focus node, with its path; several values are told apart by the value.
  place({ focus, path, value }) {
    if (!focus || !path) return null;
    const iri = focus.replace(/^<|>$/g, "");
    const stand = [...this.form.identifiers].find(([, identifier]) => identifier.iri === iri)?.[0] ?? iri;
    const kind = stand === this.form.root ? this.form.data.kind.iri : this.form.nested.get(stand);
    const fields = Object.entries(this.form.data.classes[kind]?.fields ?? {});
    const steps = path.split(/[|/^() ]+/); // of several properties of which one is needed, the first is shown
    const predicate = fields.find(([name, field]) => name === path || steps.includes(field.code))?.[0];
    return predicate ? this.form.instance(stand, predicate, value) ?? null : null;
  }
}
