"""Compile and run a port out of process, and say what was seen."""
