"""Kernels run in Triton's interpreter here; it must be chosen before the first import."""

import os

os.environ["TRITON_INTERPRET"] = "1"
