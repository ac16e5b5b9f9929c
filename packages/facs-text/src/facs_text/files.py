"""Files that are there whole or not at all, for the packages that build on this one."""

from facs_text._files import Whole, named, whole

__all__ = ["Whole", "named", "whole"]
