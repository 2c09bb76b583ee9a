// A button that copies what stands in a box of code; without this script, or where the clipboard is closed, it is selected by hand.
for (const box of document.querySelectorAll("pre[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--quiet button--small no-print";
  button.textContent = box.dataset.copy;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(box.textContent.trimEnd());
      button.textContent = box.dataset.copied;
    } catch {
      getSelection().selectAllChildren(box);
    }
  });
  box.after(button);
}
