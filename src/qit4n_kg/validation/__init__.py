"""Validation of data against the shapes, with a report that names file, line and thing; no Flask, and it changes no data.

    whole.py     all data at once, with pySHACL: what a build asks
    gate.py      what a change brings: what everything else asks; merging.py says what a change of quads makes of what is in force
    files.py     files, judged as if they were merged; placing.py says in which line a result stands
    judging.py   our engine: compiling.py makes values of a shapes graph (model.py, components.py, queried.py, paths.py),
                 affected.py says whom a change can affect, and views.py is what data look like to it

Spec: SHACL (W3C Recommendation of 2017). Importing this takes 0.3 s (rdflib): import it where it is used, not where a server
starts.
"""

from qit4n_kg.reporting import Report, Result, Severity
from qit4n_kg.validation.files import STANDARD_INPUT, validate_files
from qit4n_kg.validation.gate import Gate, Verdict, open_gate, validate_change
from qit4n_kg.validation.merging import FileHolding, MergedData, StoredHolding
from qit4n_kg.validation.placing import locate
from qit4n_kg.validation.shapes import Shapes, load_shapes
from qit4n_kg.validation.whole import disagreements, validate

__all__ = [
    "STANDARD_INPUT",
    "FileHolding",
    "Gate",
    "MergedData",
    "Report",
    "Result",
    "Severity",
    "Shapes",
    "StoredHolding",
    "Verdict",
    "disagreements",
    "load_shapes",
    "locate",
    "open_gate",
    "validate",
    "validate_change",
    "validate_files",
]
