"""Front ends: one per source language, each from source text to the intermediate representation."""
