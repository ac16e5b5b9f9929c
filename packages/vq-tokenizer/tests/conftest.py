"""Kernels run in the interpreter here; one thread, for two spin slowly on a busy machine.

Both must be chosen before the first import.
"""

import os

os.environ["TRITON_INTERPRET"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
