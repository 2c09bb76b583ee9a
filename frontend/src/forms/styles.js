// What stands in shacl-form's shadow root; the page's own style sheet doesn't reach there, its custom properties do.
export const styles = `
:host { display: block; }
*, ::before, ::after { box-sizing: border-box; }
form { display: block; font: inherit; color: var(--ink); }
shacl-node { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.1rem 1.5rem; align-items: start; }
shacl-property { display: flex; flex-direction: column; gap: 0.6rem; min-width: 0; }
shacl-property:has(> .nested), shacl-property:has(textarea) { grid-column: 1 / -1; }
.property-instance { display: flex; flex-wrap: wrap; gap: 0.3rem 0.5rem; position: relative; min-width: 0; }
.property-instance > label { display: block; flex: 1 0 calc(100% - 3rem); font-weight: 600; font-size: var(--step--1); }
.needed { font-weight: 400; color: var(--muted); }
input, select, textarea { font: inherit; color: var(--ink); background: var(--surface); border: 1px solid var(--line-strong); border-radius: var(--radius); padding: 0.5rem 0.65rem; min-width: 0; max-width: 100%; }
input[type=hidden] { display: none; }
.property-instance > [data-control] { flex: 1 1 8rem; }
[data-control] { width: 100%; }
label::first-letter { text-transform: uppercase; }
select[data-control] { text-overflow: ellipsis; }
.lang-chooser { flex: 0 0 4rem; width: 4rem; align-self: flex-start; }
.hint, .validation-error, .server-finding, .status { flex: 1 0 100%; margin: 0; font-size: var(--step--1); line-height: 1.4; overflow-wrap: anywhere; }
.hint, .status { color: var(--muted); }
.status:empty { display: none; }
.validation-error, .server-finding { color: var(--bad); font-weight: 600; }
.server-finding.warning { color: var(--mark); }
.invalid > [data-control], [aria-invalid=true] { border: 2px solid var(--bad); }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
.control-button { color: var(--accent); cursor: pointer; font-size: var(--step--1); text-decoration: underline; text-underline-offset: 0.16em; }
.control-button:hover { color: var(--accent-hover); }
.remove-button { order: -1; margin-inline-start: auto; padding: 0 0.4rem; text-decoration: none; font-size: 1rem; line-height: 1.3; }
.property-instance > label { order: -2; }
shacl-property:not(.may-add) > .add-button, shacl-property:not(.may-add, .is-vacant) > .new-thing { display: none; }
shacl-property:not(.may-remove) > .property-instance:not(.nested) > .remove-button { display: none; }
.tools { display: contents; }
.new-thing, .more-button { align-self: flex-start; font: inherit; font-size: var(--step--1); color: var(--accent); background: none; border: 1px solid var(--line-strong); border-radius: var(--radius); padding: 0.2rem 0.6rem; cursor: pointer; }
.new-thing:hover, .more-button:hover { background: var(--accent-soft); }
.nested { padding: 1rem; border: 1px solid var(--line); border-inline-start: 4px solid var(--accent); border-radius: var(--radius); background: var(--sunken); }
.nested > shacl-node { flex: 1 1 100%; }
.nested h1, .nested h2 { grid-column: 1 / -1; margin: 0; font-size: 1rem; }
.shacl-group { grid-column: 1 / -1; display: grid; grid-template-columns: subgrid; gap: 1.1rem 1.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.shacl-group > h2 { grid-column: 1 / -1; margin: 0; font-size: 1rem; }
.shacl-group:not(.open) > shacl-property { display: none; }
.identifier { grid-column: 1 / -1; display: flex; flex-direction: column; gap: 0.3rem; }
.identifier label { font-weight: 600; font-size: var(--step--1); }
.identifier .base { color: var(--muted); font-size: var(--step--1); overflow-wrap: anywhere; }
.identifier a { color: var(--accent); }
.suggestions { flex: 1 0 100%; margin: 0; padding: 0.3rem; list-style: none; max-height: 16rem; overflow-y: auto; background: var(--surface); border: 1px solid var(--line-strong); border-radius: var(--radius); }
.suggestions[hidden] { display: none; }
.suggestion { padding: 0.35rem 0.6rem; border-radius: 4px; cursor: pointer; overflow-wrap: anywhere; }
.suggestion:hover { background: var(--sunken); }
.suggestion[aria-selected=true] { background: var(--accent-soft); box-shadow: inset 3px 0 0 var(--accent); }
`;
