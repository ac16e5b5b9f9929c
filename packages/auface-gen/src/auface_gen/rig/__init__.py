"""From a coding to the vertices of a face."""
