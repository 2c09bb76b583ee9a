// The text field as a CodeMirror editor. It stands in a shadow root, where CodeMirror uses constructed style sheets: the page's
// content policy needs no exception for styles. Colours are the design system's custom properties, which reach into it.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { sparql } from "codemirror-lang-sparql";

const LONGEST_SOURCE = 80;

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.function(tags.variableName), tags.standard(tags.name)], color: "var(--code-keyword)", fontWeight: "600" },
  { tag: tags.variableName, color: "var(--code-variable)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-text)" },
  { tag: [tags.number, tags.bool, tags.literal], color: "var(--code-number)" },
  { tag: [tags.namespace, tags.url, tags.typeName, tags.propertyName, tags.labelName, tags.atom], color: "var(--code-name)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--muted)", fontStyle: "italic" },
]);

const theme = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--surface)", border: "1px solid var(--line-strong)", borderRadius: "var(--radius)", fontSize: "0.9rem" },
  "&.cm-focused": { outline: "3px solid var(--mark)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", maxHeight: "70vh" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-content, .cm-gutter": { minHeight: "var(--editor-height, 12rem)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--code-selection)" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "var(--code-line)" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--muted)", border: "0", borderRight: "1px solid var(--line)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
  ".cm-selectionMatch": { backgroundColor: "var(--accent-soft)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--ink)", border: "1px solid var(--line-strong)", borderRadius: "var(--radius)", maxWidth: "min(34rem, 90vw)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "16rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionDetail": { fontStyle: "normal", fontFamily: "var(--sans)", opacity: "0.85" },
  ".cm-completionMatchedText": { textDecoration: "underline", fontWeight: "600" },
  ".cm-completionInfo": { fontFamily: "var(--sans)", fontSize: "0.875rem", padding: "0.6rem 0.8rem" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)" },
  ".cm-textfield, .cm-button": { backgroundColor: "var(--surface)", backgroundImage: "none", color: "var(--ink)", border: "1px solid var(--line-strong)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad)", textUnderlineOffset: "3px" },
  ".cm-lint-marker-error": { content: "normal", backgroundColor: "var(--bad)", borderRadius: "50%", width: "0.7em", height: "0.7em", margin: "0.35em 0.1em" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--sunken)", color: "var(--muted)", border: "1px solid var(--line)" },
});

// Typing over a selection is done here: Chromium's own way would leave a styled span, which the content policy refuses to style.
const typeOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    if (event.inputType !== "insertText" || !event.data || empty || view.composing) return false;
    const insert = () => view.state.update({ ...view.state.replaceSelection(event.data), userEvent: "input.type", scrollIntoView: true });
    if (!view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, event.data, insert))) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});

export function createEditor(parent, { text, label, source, onChange, onRun }) {
  const host = document.createElement("div");
  host.className = "workbench__editor";
  host.style.setProperty("--editor-height", `${parent.offsetHeight}px`); // nothing below moves when the field becomes an editor
  parent.after(host);
  const root = host.attachShadow({ mode: "open" });
  const extensions = [
    lineNumbers(), foldGutter(), lintGutter(), highlightSpecialChars(), history(), drawSelection(), indentOnInput(), bracketMatching(),
    closeBrackets(), highlightActiveLine(), highlightSelectionMatches(), EditorView.lineWrapping, typeOver, sparql(), syntaxHighlighting(colours), theme,
    autocompletion({ override: [source], icons: false, maxRenderedOptions: LONGEST_SOURCE, activateOnTypingDelay: 60 }),
    Prec.highest(keymap.of([{ key: "Mod-Enter", preventDefault: true, run: () => { onRun(); return true; } }])),
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...lintKeymap, ...defaultKeymap]),
    EditorView.contentAttributes.of({ "aria-label": label, autocapitalize: "off", spellcheck: "false", tabindex: "0" }),
    EditorView.updateListener.of((update) => { if (update.docChanged) onChange(update.state.doc.toString()); }),
  ];
  const make = (doc) => EditorState.create({ doc, extensions });
  const view = new EditorView({ state: make(text), root, parent: root });
  return {
    view,
    text: () => view.state.doc.toString(),
    show: (doc) => view.setState(make(doc)), // a text of its own, with its own undo
    focus: () => view.focus(),
    settle: () => host.style.removeProperty("--editor-height"), // from now on as tall as its text
    mark: (line, column, message) => view.dispatch(setDiagnostics(view.state, [place(view.state.doc, line, column, message)])),
    unmark: () => view.dispatch(setDiagnostics(view.state, [])),
  };
}

// Where a problem stands: its line and column count from 1, in characters; the word that begins there is underlined.
function place(doc, line, column, message) {
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const from = Math.min(at.from + Math.max(column - 1, 0), at.to);
  const word = /^[^\s{}();,.]+|^./.exec(at.text.slice(from - at.from));
  const begin = word || from === at.from ? from : from - 1;
  return { from: begin, to: Math.max(begin + (word ? word[0].length : 1), begin), severity: "error", message };
}
