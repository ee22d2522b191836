"""Measures the service against plain PostgreSQL on one machine."""
