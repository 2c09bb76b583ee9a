"""One address of each kind of page, by a name that screenshots carry too."""

from __future__ import annotations

PATHS = {
    "home": "/",
    "person": "/doc/person/kaoru-kenyoshi",
    "deliverable": "/doc/fg-qit4n/deliverable/d2.3.1",
    "group": "/doc/fg-qit4n",
    "meeting": "/doc/fg-qit4n/meeting/2",
    "liaison": "/doc/fg-qit4n/liaison/itu-t-sg13",
    "plan": "/doc/fg-qit4n/plan/meeting-riyadh",
    "webinars": "/doc/fg-qit4n/webinar-series",
    "links": "/links/fg-qit4n",
    "history": "/history/person/kaoru-kenyoshi",
    "cite": "/cite/person/kaoru-kenyoshi",
    "people": "/people",
    "liaisons": "/liaisons",
    "search": "/search?q=quantum",
    "queries": "/queries",
    "query": "/queries/leadership",
    "sparql": "/sparql",
    "result": "/sparql?query=SELECT%20%3Fs%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D%20LIMIT%203",
    "no-rows": "/sparql?query=SELECT%20%2A%20%7B%20%3Curn%3Anever%3E%20%3Fp%20%3Fo%20%7D",
    "why": "/sparql/why?query=SELECT%20%2A%20%7B%20%3Curn%3Anever%3E%20%3Fp%20%3Fo%20%7D",
    "explore": "/explore?start=person/kaoru-kenyoshi",
    "ontology": "/ontology",
    "quality": "/quality",
    "discrepancies": "/discrepancies",
    "passage": "/passage/progress-report-2021-10/table-1/meeting-1",
    "deliverables": "/deliverables",
    "meetings": "/meetings",
    "validate": "/validate",
    "contributions": "/contributions",
    "contribute": "/contribute",
    "contribute-new": "/contribute/new",
    "form-new": "/contribute/new?class=RoleHeld",
    "form-edit": "/contribute/edit?id=fg-qit4n/meeting/2",
    "exports": "/exports",
    "about": "/about",
    "openapi": "/openapi",
    "problems": "/problems/query-syntax",
    "sign-in": "/sign-in",
    "not-found": "/doc/person/kaoru-kenyosh",
}

READY = {
    **dict.fromkeys(("sparql", "result", "no-rows"), ".cm-content"),
    "explore": ".explorer--drawn canvas",
    **dict.fromkeys(("form-new", "form-edit"), "#entity-send:not([hidden])"),
}
"""What is there once a page's scripts are done, where they add anything."""

STATUS = {"not-found": 404}
"""What a page's status is where it is not 200."""


def status(name: str) -> int:
    """Return the status that a page has."""
    return STATUS.get(name, 200)
