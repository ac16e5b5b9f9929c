"""Pictures and texts on disk, and what they hold."""
