"""Performs a whole migration under traffic and reports whether anybody noticed."""
import os
import sys

# the modules that start PostgreSQL and own processes are those of the benchmarks
sys.path.insert(0, os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "bench"))
