"""Engines behind one small Protocol, immutable generations, and killable query processes."""
