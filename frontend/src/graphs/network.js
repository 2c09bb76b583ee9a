// Nodes and links by Cytoscape, in the page's colours: for the explorer and for a result's graph.
import cytoscape from "cytoscape";

const LONGEST = 48;
// Each kind by shape and colour both (the legend in explore.html has the same); the colours are custom properties of site.css.
const KINDS = {
  person: ["ellipse", "--kind-person", 20],
  organization: ["hexagon", "--kind-organization", 24],
  body: ["round-rectangle", "--kind-body", 22],
  event: ["diamond", "--kind-event", 24],
  plan: ["diamond", "--kind-event", 22],
  document: ["rectangle", "--kind-document", 19],
  liaison: ["star", "--kind-liaison", 26],
  role: ["triangle", "--kind-role", 22],
  concept: ["octagon", "--kind-concept", 22],
  other: ["ellipse", "--line-strong", 15],
};
const LARGEST = 1.1; // a few things need not fill the whole box
const FEW = 14; // so many things stand well in a circle
const LEGIBLE = 0.85; // the least zoom that a picture is arranged at: labels of 13 px are then 11 px; the rest is panned to

export function makeNetwork(box, { onOpen, onSelect }) {
  keepStyleOut();
  const graph = cytoscape({ container: box, style: styles(box.clientWidth < 500), minZoom: 0.15, maxZoom: 2.5, selectionType: "single", boxSelectionEnabled: false });
  const restyle = () => graph.style(styles(box.clientWidth < 500));
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", restyle);
  const watch = new ResizeObserver(() => { graph.resize(); frame(); });
  watch.observe(box);
  graph.on("tap", "node", (event) => onSelect?.(event.target.id()));
  graph.on("dbltap", "node", (event) => { const { href } = event.target.data(); if (href) onOpen?.(href); });

  return {
    add(links) {
      const isNew = graph.edges().empty();
      for (const { from, label, to } of links) {
        for (const one of [from, to]) addNode(one, one === to ? from.id : to.id);
        const id = `${from.id} ${label} ${to.id}`;
        if (graph.getElementById(id).empty()) graph.add({ group: "edges", data: { id, source: from.id, target: to.id, label } });
      }
      arrange(isNew);
    },
    addNode,
    remove: (id) => graph.getElementById(id).remove(),
    select(id) {
      graph.nodes(":selected").unselect();
      const node = graph.getElementById(id);
      node.select();
      if (node.nonempty()) reveal(node);
    },
    nearest,
    has: (id) => graph.getElementById(id).nonempty(),
    size: () => graph.nodes().length,
    kinds: () => new Set(graph.nodes().map((node) => node.data("kind"))),
    arrange,
    fit: () => graph.fit(undefined, 30),
    zoom: (factor) => graph.zoom({ level: graph.zoom() * factor, renderedPosition: { x: graph.width() / 2, y: graph.height() / 2 } }),
    destroy() {
      watch.disconnect();
      scheme.removeEventListener("change", restyle);
      graph.destroy();
    },
  };

  function addNode({ id, label, href, kind, isStart, isSeveral }, beside) {
    if (graph.getElementById(id).nonempty()) return;
    const near = beside === undefined ? null : graph.getElementById(beside);
    const at = near?.nonempty() ? near.position() : { x: 0, y: 0 };
    const spread = graph.nodes().length;
    const position = { x: at.x + 90 * Math.cos(spread * 2.4), y: at.y + 90 * Math.sin(spread * 2.4) };
    const short = label.length > LONGEST ? `${label.slice(0, LONGEST - 1)}…` : label;
    graph.add({ group: "nodes", data: { id, label: short, href, kind: kind ?? (href ? "thing" : "text"), ...(isStart && { isStart }), ...(isSeveral && { isSeveral }) }, position });
  }

  function arrange(isNew) {
    const isNarrow = box.clientWidth < 500;
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches || isNew;
    if (isNew && graph.nodes().length <= FEW && graph.nodes("[?isStart]").nonempty()) {
      graph.layout({ name: "concentric", fit: false, animate: false, concentric: (node) => (node.data("isStart") ? 2 : 1), levelWidth: () => 1, minNodeSpacing: isNarrow ? 12 : 70, nodeDimensionsIncludeLabels: true, stop: frame }).run();
      return;
    }
    graph.layout({ name: "cose", animate: isStill ? false : "end", animationDuration: 400, randomize: false, fit: false, nodeRepulsion: () => 12000, idealEdgeLength: () => (isNarrow ? 70 : 120), nodeDimensionsIncludeLabels: true, numIter: 400, stop: frame }).run();
  }

  function frame() {
    graph.fit(undefined, 30);
    if (graph.zoom() > LARGEST) {
      graph.zoom(LARGEST);
      graph.center();
    }
    if (graph.zoom() >= LEGIBLE) return;
    const chosen = graph.nodes(":selected");
    graph.zoom(LEGIBLE);
    graph.center(chosen.nonempty() ? chosen : graph.nodes("[?isStart]"));
  }

  function reveal(node) {
    const { x1, y1, x2, y2 } = node.renderedBoundingBox();
    if (x1 < 0 || y1 < 0 || x2 > graph.width() || y2 > graph.height()) graph.center(node);
  }

  // The node that lies closest in a direction, seen from another: for the arrow keys.
  function nearest(id, dx, dy) {
    const from = graph.getElementById(id).position();
    let best = null;
    graph.nodes().forEach((node) => {
      if (node.id() === id) return;
      const { x, y } = node.position();
      const along = (x - from.x) * dx + (y - from.y) * dy;
      const aside = Math.abs((x - from.x) * dy) + Math.abs((y - from.y) * dx);
      if (along > 0 && along >= aside * 0.5 && (best === null || along + 2 * aside < best.cost)) best = { id: node.id(), cost: along + 2 * aside };
    });
    return best?.id ?? null;
  }
}

// Cytoscape writes a style element for its container unless one with this id is there; ours is in site.css, as the content policy wants.
function keepStyleOut() {
  const id = "__________cytoscape_stylesheet";
  if (document.getElementById(id)) return;
  const mark = document.createElement("meta");
  mark.id = id;
  document.head.append(mark);
}

function styles(narrow) {
  const root = getComputedStyle(document.documentElement);
  const value = (name) => root.getPropertyValue(name).trim();
  return [
    { selector: "node", style: { label: "data(label)", "font-family": "sans-serif", "font-size": 13, color: value("--ink"), "text-wrap": "wrap", "text-max-width": narrow ? 100 : 150, "text-valign": "bottom", "text-margin-y": 4, "background-color": value("--bar"), width: 20, height: 20, "border-width": 2, "border-color": value("--surface"), "text-background-color": value("--surface"), "text-background-opacity": 0.85, "text-background-padding": 2 } },
    { selector: "node[kind = 'text']", style: { shape: "round-rectangle", "background-color": value("--line-strong"), width: 12, height: 12 } },
    ...Object.entries(KINDS).map(([kind, [shape, colour, size]]) => ({ selector: `node[kind = '${kind}']`, style: { shape, "background-color": value(colour), width: size, height: size } })),
    { selector: "node[kind = 'plan']", style: { "background-color": value("--surface"), "border-color": value("--kind-event"), "border-width": 3 } },
    { selector: "node[?isSeveral]", style: { width: 34, height: 34, "border-style": "double", "border-color": value("--ink"), "border-width": 5 } },
    { selector: "node[?isStart]", style: { width: 32, height: 32, "font-weight": 600, "font-size": 15 } },
    { selector: "node:selected", style: { "border-color": value("--mark"), "border-width": 4, "font-weight": 600, "z-index": 10 } },
    { selector: "edge", style: { width: 1.5, "line-color": value("--line-strong"), "target-arrow-color": value("--line-strong"), "target-arrow-shape": "triangle", "curve-style": "bezier", label: "data(label)", "font-size": 11, "font-family": "sans-serif", color: value("--muted"), "text-rotation": "autorotate", "text-background-color": value("--surface"), "text-background-opacity": 0.85, "text-background-padding": 1 } },
    { selector: "edge:selected", style: { "line-color": value("--mark"), "target-arrow-color": value("--mark") } },
  ];
}
