"""The read model: how far each command is and how it ended, kept for a week after the end."""
