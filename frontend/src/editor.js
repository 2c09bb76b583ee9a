// The page /sparql: the form is there at once and works; the editor comes once the page has been drawn, in pieces, so that nothing
// that a person does meanwhile has to wait.
const idle = () => new Promise((go) => (window.requestIdleCallback ?? setTimeout)(go));

async function begin() {
  await idle();
  const { start } = await import("./sparql/page.js");
  await idle();
  start();
}

if (document.readyState === "complete") begin();
else addEventListener("load", begin);
