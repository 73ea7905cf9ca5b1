"""Where a pattern occurs in source text: the only package that imports tree_sitter."""
