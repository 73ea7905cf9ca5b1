"""The engine's own process: the only package that imports torch. Only `__main__` is started by others."""
