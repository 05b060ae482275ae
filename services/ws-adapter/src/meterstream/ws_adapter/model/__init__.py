"""Decisions of the faces and of the read model: values in, values out, no I/O, no clock."""
