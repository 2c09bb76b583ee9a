// The explorer: draws what the lists of /explore say, and fetches the next lists when a thing's links are followed.
import { makeNetwork } from "./graphs/network.js";

const MOST_NODES = 300;
const GROUPED = 4; // more links than this of one kind stand as one node, which opens

function start() {
  const explorer = document.getElementById("explorer");
  const lists = document.getElementById("explorer-lists");
  if (!explorer || !lists) return;
  const box = explorer.querySelector(".explorer__network");
  const status = document.getElementById("explorer-status");
  const texts = explorer.dataset;
  explorer.querySelector(".explorer__drawing").hidden = false;
  explorer.classList.add("explorer--drawn");
  const groups = new Map(); // of each node that stands for several: whose they are, and the links
  const pages = new Map(); // of each thing: where its page is, what it is called, whether its links are drawn
  const network = makeNetwork(box, { onOpen: (href) => { location.href = href; }, onSelect: (id) => select(id) });
  let selected = draw(lists.querySelector(".around"), true);
  network.select(selected);

  function draw(around, isFirst = false) {
    const own = read(around);
    pages.set(own.id, { ...own, isOpen: true });
    network.addNode({ ...own, isStart: isFirst });
    const links = [];
    for (const list of around.querySelectorAll(".around__list")) {
      const all = [...list.querySelectorAll("a[data-id]")];
      const fresh = all.filter((link) => !network.has(link.dataset.id)); // what is drawn already keeps its place
      const isMany = fresh.length > GROUPED;
      if (isMany) links.push(group(own, fresh));
      for (const link of all) if (!isMany || !fresh.includes(link)) links.push(linkOf(own, link));
    }
    add(links);
    tellKinds();
    return own.id;
  }

  // The legend has the kinds that are drawn.
  function tellKinds() {
    const drawn = network.kinds();
    for (const item of document.querySelectorAll("#explorer-legend > li")) item.hidden = !drawn.has(item.dataset.kind);
  }

  function add(links) {
    const room = Math.max(0, MOST_NODES - network.size());
    if (links.length > room) say(texts.full);
    network.add(links.slice(0, room));
  }

  function linkOf(own, link) {
    const other = read(link);
    if (!pages.has(other.id)) pages.set(other.id, { ...other, isOpen: false });
    return join(own, other, link.dataset);
  }

  function join(own, other, { property, incoming }) {
    return incoming === undefined ? { from: own, label: property, to: other } : { from: other, label: property, to: own };
  }

  function group(own, links) {
    const { property, incoming } = links[0].dataset;
    const id = `group ${own.id} ${property} ${incoming ?? "out"}`;
    const kinds = new Set(links.map((link) => link.dataset.kind));
    const node = { id, label: `${property} (${links.length})`, href: null, kind: kinds.size === 1 ? [...kinds][0] : "other", isSeveral: true };
    groups.set(id, { own, links });
    pages.set(id, node);
    return join(own, node, links[0].dataset);
  }

  function ungroup(id) {
    const { own, links } = groups.get(id);
    groups.delete(id);
    network.remove(id);
    add(links.map((link) => linkOf(own, link)));
    tellKinds();
    select(own.id);
    say(`${pages.get(id).label}: ${links.length} ${texts.opened}`);
  }

  function read({ dataset }) {
    return { id: dataset.id, label: dataset.label, href: dataset.doc || null, kind: dataset.kind };
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
    if (groups.has(id)) return ungroup(id);
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
    start: () => { if (groups.has(selected)) ungroup(selected); else location.href = `/explore?${new URLSearchParams({ start: selected })}`; },
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
