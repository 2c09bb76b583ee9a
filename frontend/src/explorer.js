// The explorer: draws what the lists of /explore say, and fetches the next lists when a thing's links are followed.
import { makeNetwork } from "./graphs/network.js";

const MOST_NODES = 300;

function start() {
  const explorer = document.getElementById("explorer");
  const lists = document.getElementById("explorer-lists");
  if (!explorer || !lists) return;
  const box = explorer.querySelector(".explorer__network");
  const status = document.getElementById("explorer-status");
  const texts = explorer.dataset;
  explorer.querySelector(".explorer__drawing").hidden = false;
  explorer.classList.add("explorer--drawn");
  const pages = new Map(); // of each thing: where its page is, what it is called, whether its links are drawn
  const network = makeNetwork(box, { onOpen: (href) => { location.href = href; }, onSelect: (id) => select(id) });
  let selected = draw(lists.querySelector(".around"), true);
  network.select(selected);

  function draw(around, isFirst = false) {
    const own = read(around);
    pages.set(own.id, { ...own, isOpen: true });
    network.addNode({ ...own, kind: isFirst ? "start" : "thing" });
    const links = [];
    for (const link of around.querySelectorAll("a[data-id]")) {
      const other = read(link);
      if (!network.has(other.id) && network.size() + links.length >= MOST_NODES) {
        say(texts.full);
        break;
      }
      if (!pages.has(other.id)) pages.set(other.id, { ...other, isOpen: false });
      const isIncoming = "incoming" in link.dataset;
      links.push({ from: isIncoming ? other : own, label: link.dataset.property, to: isIncoming ? own : other });
    }
    network.add(links);
    return own.id;
  }

  function read({ dataset }) {
    return { id: dataset.id, label: dataset.label, href: dataset.doc || null };
  }

  function say(text) {
    status.textContent = text;
  }

  function select(id) {
    selected = id;
    network.select(id);
    say(`${texts.selected} ${pages.get(id)?.label ?? id}`);
  }

  async function expand(id) {
    select(id);
    const before = network.size();
    const answer = await fetch(`/explore?${new URLSearchParams({ start: id })}`, { headers: { Accept: "text/html", "X-Fragment": "around" } });
    if (!answer.ok) return;
    lists.innerHTML = await answer.text(); // written by our server from escaped values, as the whole page would be
    draw(lists.querySelector(".around"));
    network.select(id);
    say(`${pages.get(id).label}: ${network.size() - before} ${texts.opened}`);
  }

  const acts = {
    expand: () => expand(selected),
    open: () => { const { href } = pages.get(selected) ?? {}; if (href) location.href = href; },
    start: () => { location.href = `/explore?${new URLSearchParams({ start: selected })}`; },
    fit: () => network.fit(),
    in: () => network.zoom(1.3),
    out: () => network.zoom(1 / 1.3),
  };
  const keys = { Enter: "expand", o: "open", O: "open", 0: "fit", "+": "in", "=": "in", "-": "out" };
  const arrows = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

  explorer.querySelector(".explorer__tools").addEventListener("click", (event) => acts[event.target.closest("button")?.value]?.());
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = arrows[event.key] && network.nearest(selected, ...arrows[event.key]);
    if (arrows[event.key]) { if (next) select(next); } else if (keys[event.key]) acts[keys[event.key]]();
    else return;
    event.preventDefault();
  });
  lists.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-id]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    expand(link.dataset.id).then(() => lists.querySelector("h2")?.scrollIntoView({ block: "nearest" }));
  });
}

start();
