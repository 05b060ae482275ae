"""Executes operations on DLMS/COSEM meters, partitioned by device."""
