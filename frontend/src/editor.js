// The page /sparql: the form is there at once and works; the editor comes once the page has been drawn.
const begin = async () => (await import("./sparql/page.js")).start();
const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, 1));

if (document.readyState === "complete") whenIdle(begin);
else addEventListener("load", () => whenIdle(begin));
