// Things by name, from /suggest; none where the server has no answer.
export async function findThings(text, most) {
  try {
    const answer = await fetch(`/suggest?${new URLSearchParams({ q: text })}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return [];
    return readThings(await answer.json()).slice(0, most);
  } catch {
    return [];
  }
}

// OpenSearch suggestions are four lists; our own form is a list of things.
function readThings(answer) {
  if (Array.isArray(answer)) {
    const [, labels = [], descriptions = [], addresses = []] = answer;
    return labels.map((label, index) => ({ label, description: descriptions[index] ?? "", iri: addresses[index] })).filter(({ iri }) => iri);
  }
  return (answer.results ?? answer.things ?? []).map(({ iri, id, label, name, description = "" }) => ({ iri: iri ?? id, label: label ?? name, description }));
}
