"""How processes talk: the shared-memory protocol, its server and its Python client."""
