"""The change feed: every version that each thing has had, in order, generation by generation.

`ledger` keeps it on the disk, `recording` adds what a new generation changes, `writing` makes pages of it (LDES), `reading` gets
versions back from pages, `atom` tells of them in words.
"""
