"""Run the conformance suite: every case against every language's testee, each against the spec and against
each other."""
