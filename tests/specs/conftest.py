"""Properties are judged by what they find; a busy machine must not fail them by being slow."""

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
