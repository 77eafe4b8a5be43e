"""Language understanding for skills: two parsers trained from one interaction model.

A plain library: it knows no web framework, no database and no queue. Importing it loads
neither torch nor transformers; those enter through ``training`` and ``network`` only.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
