// Things by name, from /suggest; none where the server has no answer.
export async function findThings(text, most) {
  try {
    const answer = await fetch(`/suggest?${new URLSearchParams({ q: text, limit: most })}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return [];
    const { suggestions } = await answer.json();
    return suggestions.map(({ iri, label, type, also }) => ({ iri, label, description: also ? `${also} · ${type}` : type }));
  } catch {
    return [];
  }
}
