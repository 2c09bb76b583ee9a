// Several queries side by side (the tabs pattern of the ARIA Authoring Practices Guide); kept in this browser, for all its windows.
import { dropTab, keepPlace, keepTab, makeTab, nameOf, readTabs } from "./keeping.js";

const MOST = 20;

export function makeTabs(bar, { texts, first, isAsked, show }) {
  const list = bar.querySelector("[role=tablist]");
  const kept = readTabs();
  let { tabs, current, linked } = kept;
  if (!tabs.length) [tabs, current, linked] = [[makeTab(first)], 0, isAsked ? first : null];
  else if (isAsked) {
    const at = tabs.findIndex((tab) => tab.text === first);
    if (at >= 0) current = at;
    else {
      if (tabs[current].text === linked) tabs[current].text = first;
      else append(first);
      linked = first;
    }
  } else if (tabs[current].text !== first) show(tabs[current].text);
  const closer = document.createElement("button");
  closer.type = "button";
  closer.className = "button button--quiet button--small";
  closer.textContent = texts.close;
  closer.addEventListener("click", () => { close(); list.children[current].focus(); });
  bar.append(closer);
  bar.hidden = false;
  keepTab(tabs[current]);
  draw();

  function append(text) {
    tabs = [...tabs, makeTab(text)].slice(-MOST);
    current = tabs.length - 1;
  }

  function draw() {
    list.replaceChildren(...tabs.map(({ text }, index) => {
      const tab = document.createElement("button");
      tab.type = "button";
      tab.className = "tab";
      tab.role = "tab";
      tab.textContent = nameOf(text, `${texts.untitled} ${index + 1}`);
      tab.ariaSelected = String(index === current);
      tab.tabIndex = index === current ? 0 : -1;
      tab.addEventListener("click", () => choose(index));
      tab.addEventListener("keydown", (event) => steer(event, index));
      return tab;
    }));
    closer.hidden = tabs.length < 2;
    keepPlace(tabs[current], linked);
  }

  function choose(index) {
    current = index;
    draw();
    show(tabs[current].text);
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
    dropTab(tabs[current]);
    tabs.splice(current, 1);
    choose(Math.min(current, tabs.length - 1));
  }

  return {
    add(text) {
      if (tabs[current].text.trim() === "") tabs[current].text = text;
      else append(text);
      keepTab(tabs[current]);
      choose(current);
    },
    keep(text) {
      tabs[current].text = text;
      const tab = list.children[current];
      if (tab) tab.textContent = nameOf(text, `${texts.untitled} ${current + 1}`);
      keepTab(tabs[current]);
      keepPlace(tabs[current], linked);
    },
  };
}
