"""The rating study: a design, the trials of a rater, answers kept at once, and their report."""

from __future__ import annotations

from auface_studio.study.answers import Answers
from auface_studio.study.design import Study, read_study
from auface_studio.study.report import report_of
from auface_studio.study.trials import Trial, trials_of

__all__ = ["Answers", "Study", "Trial", "read_study", "report_of", "trials_of"]
