"""Photographs in which a face is moved: read, blended, written."""
