"""Language understanding for skills: two parsers trained from one interaction model.

A plain library: it knows no web framework, no database and no queue. Importing it loads
neither torch nor transformers; those enter through ``training`` and ``network`` only.
"""

import os

# One thread a process: several parsers and trainings share the cores better than the threads of
# one, which wait for each other on a busy machine. Read when numpy and torch are first imported.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

__version__ = "0.1.0"

__all__ = ["__version__"]
