"""Why a query has no rows: its pieces, what is asked of them, what does not fit; no HTTP."""
