"""Check, fix, port and verify, without a word of LSP."""
