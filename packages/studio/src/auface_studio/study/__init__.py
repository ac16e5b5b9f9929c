"""The rating study: a design, the trials of a rater, answers kept at once, and their report."""

from __future__ import annotations

from .answers import Answers
from .design import Study, read_study
from .report import report_of
from .trials import Trial, trials_of

__all__ = ["Answers", "Study", "Trial", "read_study", "report_of", "trials_of"]
