"""A stimulus set for an experiment: a design, what it comes to, the pictures and their tables."""

from __future__ import annotations

from auface_studio.stimuli.design import Design, Dynamics, read_design
from auface_studio.stimuli.make import SetMaker
from auface_studio.stimuli.stimulus import Stimulus, plan

__all__ = ["Design", "Dynamics", "SetMaker", "Stimulus", "plan", "read_design"]
