"""Other implementations of DLMS/COSEM behind one port, the meter they all talk about, and the cases they all run."""
