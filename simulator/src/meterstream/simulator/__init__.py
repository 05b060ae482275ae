"""A fleet of simulated DLMS/COSEM meters on the meter role of meterstream-dlms."""
