"""What a campaign looks for."""


class Finding(Exception):
    """A role did what it must not do."""
