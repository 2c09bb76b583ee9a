"""Contributions: what people send in to be reviewed, and what comes of it; no HTTP, and nothing here changes the graph.

model.py         the values: a contribution, what it proposes, its events and the state that follows from them
reading.py       what somebody sent, as a proposal
register.py      contributions on disk, beside the journal
standing.py      what the graph states now, where, and whether it counts
changing.py      what a proposal comes to as a change of quads; moving.py does so for merged, renamed and retired things
provenance.py    who, when, on what evidence, reviewed by whom, in RDF
differences.py   a change in labels, for those who review it; legible.py writes out what a page would not show
"""
