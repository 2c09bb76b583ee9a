// The frame of a table is a stop for the keyboard only while there is something to scroll in it.
const watch = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const frame of document.querySelectorAll(".table-scroll")) watch.observe(frame);
