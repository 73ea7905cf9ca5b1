"""What a pattern requires: specs as data, their schema, and the registry that serves them."""
