"""The receipts of openings and refusals: one hash chain, written before a value leaves."""
