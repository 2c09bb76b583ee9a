// What a form changes: statements as they were shown, against those that it gives now. What was never shown is in neither, so it is
// neither added nor taken back.
import { lineOf } from "./terms.js";

export function difference(shown, written) {
  const before = new Set(shown.map(lineOf));
  const after = new Set(written.map(lineOf));
  return {
    adds: written.filter((one) => !before.has(lineOf(one))),
    removes: shown.filter((one) => !after.has(lineOf(one))),
  };
}

// What a form shows of what a server said: what it can't give back as it was is not the form's to take away.
export function sayable(loaded, given) {
  const able = new Set(given.map(lineOf));
  return loaded.filter((one) => able.has(lineOf(one)));
}

// Statements with a kept change applied to what is there now; a property that has one value has the kept one.
export function applied(loaded, { adds, removes }, isSingle) {
  const gone = new Set(removes.map(lineOf));
  const replaced = new Set(adds.filter(([subject, predicate]) => isSingle(subject, predicate)).map(([s, p]) => `${s} ${p}`));
  const left = loaded.filter((one) => !gone.has(lineOf(one)) && !replaced.has(`${one[0]} ${one[1]}`));
  const there = new Set(left.map(lineOf));
  return [...left, ...adds.filter((one) => !there.has(lineOf(one)))];
}

// How each statement that goes is to be told: a document's is overruled where another value counts, any other is taken back.
export function decide(removes, { written, sourcesOf, reasonOf }) {
  return removes.map((one) => {
    const document = sourcesOf(one).find((source) => source.document);
    const isReplaced = written.some(([subject, predicate]) => subject === one[0] && predicate === one[1]);
    const { reason = "", misread = false } = reasonOf(one) ?? {};
    return { statement: one, document, isReplaced, reason, isOverruled: Boolean(document) && isReplaced && !misread };
  });
}
