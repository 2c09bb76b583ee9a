"""OAI-PMH 2.0: what of the graph can be harvested, since when each record is as it is, and what harvesters are answered."""
