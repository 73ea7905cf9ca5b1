"""The commands that a client may execute."""

PORT = "foundation.port"
GENERATE = "foundation.generate"
SHOW_SPEC = "foundation.showPatternSpec"
COMMANDS = (PORT, GENERATE, SHOW_SPEC)
