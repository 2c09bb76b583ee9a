// Several queries side by side (the tabs pattern of the ARIA Authoring Practices Guide); kept in this browser.
import { nameOf, readTabs, writeTabs } from "./keeping.js";

export function makeTabs(bar, { texts, first, isAsked, show }) {
  const list = bar.querySelector("[role=tablist]");
  const kept = readTabs();
  let tabs = kept.tabs;
  let current = kept.current;
  let linked = kept.linked;
  if (!tabs.length) [tabs, current, linked] = [[first], 0, isAsked ? first : null];
  else if (isAsked) {
    const at = tabs.indexOf(first);
    if (at >= 0) current = at;
    else {
      if (tabs[current] === linked) tabs[current] = first;
      else [tabs, current] = [[...tabs, first].slice(-20), Math.min(tabs.length, 19)];
      linked = first;
    }
  } else if (tabs[current] !== first) show(tabs[current]);
  const closer = document.createElement("button");
  closer.type = "button";
  closer.className = "button button--quiet button--small";
  closer.textContent = texts.close;
  closer.addEventListener("click", () => { close(); list.children[current].focus(); });
  bar.append(closer);
  bar.hidden = false;
  draw();

  function draw() {
    list.replaceChildren(...tabs.flatMap((text, index) => {
      const tab = document.createElement("button");
      tab.type = "button";
      tab.className = "tab";
      tab.role = "tab";
      tab.textContent = nameOf(text, `${texts.untitled} ${index + 1}`);
      tab.ariaSelected = String(index === current);
      tab.tabIndex = index === current ? 0 : -1;
      tab.addEventListener("click", () => choose(index));
      tab.addEventListener("keydown", (event) => steer(event, index));
      return [tab];
    }));
    closer.hidden = tabs.length < 2;
    writeTabs(tabs, current, linked);
  }

  function choose(index) {
    current = index;
    draw();
    show(tabs[current]);
  }

  function steer(event, index) {
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (event.key === "Delete") close();
    else if (to === undefined) return;
    else choose((to + tabs.length) % tabs.length);
    event.preventDefault();
    list.children[current].focus();
  }

  function close() {
    if (tabs.length < 2) return;
    tabs.splice(current, 1);
    choose(Math.min(current, tabs.length - 1));
  }

  return {
    add(text) {
      if (tabs[current].trim() === "") tabs[current] = text;
      else [tabs, current] = [[...tabs, text].slice(-20), Math.min(tabs.length, 19)];
      choose(current);
    },
    keep(text) {
      tabs[current] = text;
      const tab = list.children[current];
      if (tab) tab.textContent = nameOf(text, `${texts.untitled} ${current + 1}`);
      writeTabs(tabs, current, linked);
    },
  };
}
