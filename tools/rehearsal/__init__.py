"""Performs a whole migration under traffic and reports whether a request failed or waited."""
