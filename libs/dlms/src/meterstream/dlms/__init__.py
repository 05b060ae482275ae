"""Sans-IO DLMS/COSEM core: data, APDUs, security, framing, client and meter role, profile packs.

Imports point one way: `asyncio` -> `client`, `meter` -> `apdu` -> `data`.
Only `meterstream.dlms.asyncio` opens sockets.
"""
