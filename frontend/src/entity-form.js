// The pages /contribute/new and /contribute/edit: the form comes once the page has been drawn. Without this script the page leads to
// the class's spreadsheet.
async function begin() {
  const { start } = await import("./forms/page.js");
  await start();
}

if (document.readyState === "complete") begin();
else addEventListener("load", begin);
