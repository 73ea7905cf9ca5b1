"""Port code that uses a pattern from one language to another through one typed intermediate representation."""
