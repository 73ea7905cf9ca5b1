"""Emitters: one per target language, each from the intermediate representation to source files."""
