"""Operations, envelopes, errors and topics of Meterstream; everything that crosses a service boundary."""
