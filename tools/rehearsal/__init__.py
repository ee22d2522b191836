"""Performs a whole migration under traffic and reports whether anybody noticed."""
