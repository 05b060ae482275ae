Feature: 031 The state of a modem is read in a bundle

  Scenario: By GPRS
    Given the meter "TEST1028000000001" of "SMR 5.1" with
      | setting              | value |
      | communication_method | GPRS  |
    When Bundle is asked of "TEST1028000000001" with
      | path                              | value |
      | Actions/1/GetGsmDiagnosticRequest | {}    |
    Then the answer has
      | path                                                           | value              |
      | value/1/GetGsmDiagnosticResponse/Operator                      | Utility Connect    |
      | value/1/GetGsmDiagnosticResponse/ModemRegistrationStatus       | REGISTERED_ROAMING |
      | value/1/GetGsmDiagnosticResponse/CircuitSwitchedStatus         | INACTIVE           |
      | value/1/GetGsmDiagnosticResponse/PacketSwitchedStatus          | GPRS               |
      | value/1/GetGsmDiagnosticResponse/CellInfo/CellId               | 77                 |
      | value/1/GetGsmDiagnosticResponse/CellInfo/LocationId           | 2230               |
      | value/1/GetGsmDiagnosticResponse/CellInfo/SignalQuality        | MINUS_87_DBM       |
      | value/1/GetGsmDiagnosticResponse/CellInfo/BitErrorRate         | 6                  |
      | value/1/GetGsmDiagnosticResponse/CellInfo/MobileCountryCode    | 66                 |
      | value/1/GetGsmDiagnosticResponse/CellInfo/MobileNetworkCode    | 204                |
      | value/1/GetGsmDiagnosticResponse/CellInfo/ChannelNumber        | 107                |
      | value/1/GetGsmDiagnosticResponse/AdjacentCells/1/CellId        | 93                 |
      | value/1/GetGsmDiagnosticResponse/AdjacentCells/1/SignalQuality | MINUS_91_DBM       |
      | value/1/GetGsmDiagnosticResponse/AdjacentCells/2/CellId        | 94                 |
      | value/1/GetGsmDiagnosticResponse/AdjacentCells/2/SignalQuality | MINUS_89_DBM       |
