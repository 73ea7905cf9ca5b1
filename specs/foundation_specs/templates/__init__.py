"""How each pattern is written in each language and library: the templates that ports are made of.

`<language>/<dialect>.yaml` holds the templates of one library; `foundation` is our own runtime. They are compiled into
`compiled.json` by `python -m foundation_specs.compile --write`, as the patterns are.
"""

from foundation_specs.templates.load import dialects_of, known_dialects, load_templates, templates
from foundation_specs.templates.model import (
    FormTemplate,
    Library,
    ParameterTemplate,
    PatternTemplates,
    TemplateSet,
)

__all__ = [
    "FormTemplate",
    "Library",
    "ParameterTemplate",
    "PatternTemplates",
    "TemplateSet",
    "dialects_of",
    "known_dialects",
    "load_templates",
    "templates",
]
