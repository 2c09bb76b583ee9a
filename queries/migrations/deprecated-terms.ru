# title: Deprecated terms
# question: What do data look like with the terms that replace those that the ontology has deprecated?
#
# For a term that one other term replaces as it stands (dcterms:isReplacedBy): the statements keep their graph, subject and value.
# Where a value changes too, that term has a migration of its own, which runs first. Running this twice changes nothing.
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX owl: <http://www.w3.org/2002/07/owl#>

DELETE { GRAPH ?graph { ?thing ?old ?value } }
INSERT { GRAPH ?graph { ?thing ?new ?value } }
WHERE {
  GRAPH ?module { ?old owl:deprecated true ; dcterms:isReplacedBy ?new ; a ?kind }
  FILTER(?kind IN (owl:ObjectProperty, owl:DatatypeProperty))
  GRAPH ?graph { ?thing ?old ?value }
};

DELETE { GRAPH ?graph { ?thing a ?old } }
INSERT { GRAPH ?graph { ?thing a ?new } }
WHERE {
  GRAPH ?module { ?old owl:deprecated true ; dcterms:isReplacedBy ?new ; a owl:Class }
  GRAPH ?graph { ?thing a ?old }
}
