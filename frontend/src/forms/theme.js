// How shacl-form's fields look and work here: labels, help and errors that are read out, texts that are only ever texts (shacl-form's
// own theme writes labels as HTML), and values that come back exactly as they were. Colours are the page's custom properties, which
// reach into the shadow root; the style sheet is a constructed one, so the content policy needs no exception.
import { Theme } from "@ulb-darmstadt/shacl-form/dist/form-default.js";
import { Combobox } from "./combobox.js";
import { styles } from "./styles.js";

const XSD = "http://www.w3.org/2001/XMLSchema#";
const IRI = "http://www.w3.org/ns/shacl#IRI";
const FORMS_OF_DATES = [[/^-?\d{4,}-\d\d-\d\d$/, "date"], [/^-?\d{4,}-\d\d$/, "gYearMonth"], [/^-?\d{4,}$/, "gYear"]];
const NUMBERS = ["integer", "decimal", "double", "float"];

export class PageTheme extends Theme {
  // `fieldOf` says what the server says of a property of a thing.
  constructor(data, fieldOf) {
    super();
    this.stylesheet.replaceSync(styles);
    this.data = data;
    this.fieldOf = fieldOf;
    this.count = 0;
  }

  field(template) {
    return this.fieldOf(template.nodeId.value, template.path) ?? { name: template.label, datatypes: [], kinds: [] };
  }

  createTextEditor(label, value, required, template) {
    const field = this.field(template);
    if (field.link) return this.createLink(field, value, template);
    if (field.datatypes.length > 1) return this.createChoiceOfDatatypes(field, value, template);
    return this.createField(field, this.createInput(field, value), template);
  }

  createLangStringEditor(label, value, required, template) {
    const field = this.field(template);
    const editor = this.createInput(field, value);
    const language = Object.assign(document.createElement("input"), { type: "text", className: "lang-chooser", maxLength: 35, value: value?.language || "en", autocomplete: "off", spellcheck: false });
    language.setAttribute("aria-label", this.data.texts.language.replace("{name}", field.name));
    editor.dataset.lang = language.value;
    language.addEventListener("change", () => { editor.dataset.lang = language.value.trim().toLowerCase() || "en"; });
    const instance = this.createField(field, editor, template);
    editor.after(language);
    instance.classList.add("with-language");
    return instance;
  }

  createNumberEditor(label, value, required, template) {
    const editor = this.createInput(this.field(template), value);
    editor.inputMode = template.datatype?.value === `${XSD}integer` ? "numeric" : "decimal";
    return this.createField(this.field(template), editor, template);
  }

  createDateEditor(label, value, required, template) {
    const editor = this.createInput(this.field(template), value);
    if (template.datatype?.value === `${XSD}date` && (!value || FORMS_OF_DATES[0][0].test(value.value))) editor.type = "date";
    editor.value = value?.value ?? "";
    return this.createField(this.field(template), editor, template);
  }

  createBooleanEditor(label, value, required, template) {
    const { texts } = this.data;
    return this.createField(this.field(template), this.createSelect([["", ""], ["true", texts.yes], ["false", texts.no]], value?.value ?? ""), template);
  }

  createListEditor(label, value, required, entries, template) {
    const options = entries.map((entry) => {
      const text = typeof entry.value === "string" ? entry.value : entry.value.value;
      return [text, entry.label || text];
    });
    return this.createField(template ? this.field(template) : { name: label, datatypes: [], kinds: [] }, this.createSelect([["", ""], ...options], value?.value ?? ""), template);
  }

  createFileEditor(label, value, required, template) {
    return this.createTextEditor(label, value, required, template);
  }

  createButton(label) {
    return Object.assign(document.createElement("button"), { type: "button", textContent: label });
  }

  // --- parts

  createInput(field, value) {
    const editor = document.createElement(field.long ? "textarea" : "input");
    if (field.long) editor.rows = 4;
    else editor.type = "text";
    editor.value = value?.value ?? "";
    editor.autocomplete = "off";
    return editor;
  }

  createSelect(options, chosen) {
    const editor = document.createElement("select");
    if (chosen && !options.some(([value]) => value === chosen)) options = [...options, [chosen, this.data.names[chosen] ?? chosen]];
    for (const [value, label] of options) editor.append(Object.assign(document.createElement("option"), { value, textContent: label, selected: value === chosen }));
    return editor;
  }

  createLink(field, value, template) {
    const chosen = value?.value ?? "";
    const listed = field.kinds.length ? this.data.lists[field.list] : null;
    if (listed) {
      const editor = this.createSelect([["", this.data.texts.choose], ...listed], chosen);
      editor.dataset.nodeKind = IRI;
      return this.createField(field, editor, template);
    }
    if (!field.kinds.length) {
      const editor = this.createInput(field, value);
      editor.dataset.nodeKind = IRI;
      editor.inputMode = "url";
      return this.createField(field, editor, template);
    }
    const editor = Object.assign(document.createElement("input"), { type: "hidden", value: chosen });
    editor.dataset.nodeKind = IRI;
    const box = new Combobox(editor, { id: `field-${this.count + 1}`, kinds: field.kinds.map((kind) => kind.iri), texts: this.data.texts, label: chosen && (this.data.names[chosen] ?? chosen) });
    const instance = this.createField(field, editor, template, box.input);
    editor.after(...box.parts);
    return instance;
  }

  // A date that may be a year or a month: what is typed says which.
  createChoiceOfDatatypes(field, value, template) {
    const editor = this.createInput(field, value);
    const Term = template.nodeId.constructor;
    const settle = () => {
      const text = editor.value.trim();
      const known = (name) => field.datatypes.includes(`${XSD}${name}`);
      const dates = FORMS_OF_DATES.find(([form, name]) => form.test(text) && known(name))?.[1];
      const name = dates ?? (/^[+-]?\d+(\.\d+)?$/.test(text) ? NUMBERS.find(known) : undefined) ?? "string";
      editor.shaclDatatype = new Term(`${XSD}${name}`);
    };
    editor.addEventListener("input", settle);
    settle();
    if (value && field.datatypes.includes(value.datatype.value)) editor.shaclDatatype = new Term(value.datatype.value);
    const instance = this.createField(field, editor, { ...template, datatype: editor.shaclDatatype }, editor, this.data.texts.dates);
    return instance;
  }

  createField(field, editor, template, control = editor, more = "") {
    const id = `field-${++this.count}`;
    control.id = id;
    control.dataset.control = "";
    editor.classList.add("editor");
    if (template?.datatype) editor.shaclDatatype = template.datatype;
    if (template?.minCount !== undefined) editor.dataset.minCount = template.minCount;
    const label = Object.assign(document.createElement("label"), { htmlFor: id, textContent: field.name });
    if (field.required) {
      label.append(" ", Object.assign(document.createElement("span"), { className: "needed", textContent: `(${this.data.texts.required})` }));
      control.setAttribute("aria-required", "true");
    }
    const help = more || field.help;
    const instance = document.createElement("div");
    instance.append(label, editor);
    if (help) {
      const hint = Object.assign(document.createElement("p"), { className: "hint", id: `${id}-hint`, textContent: more ? `${more}. ` : "" });
      hint.append(Object.assign(document.createElement("span"), { lang: "en", textContent: field.help ?? "" })); // the shapes speak English
      instance.append(hint);
      control.setAttribute("aria-describedby", `${id}-hint`);
    }
    return instance;
  }
}
