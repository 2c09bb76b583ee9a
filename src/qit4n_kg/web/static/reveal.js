// What an address names after its "#" may stand in a part that is closed: open it, in browsers that don't by themselves.
function reveal() {
  const sought = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const closed = sought?.closest("details:not([open])");
  if (!closed) return;
  for (let one = closed; one; one = one.parentElement.closest("details")) one.open = true;
  sought.scrollIntoView();
}

addEventListener("hashchange", reveal);
reveal();
