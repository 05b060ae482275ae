Feature: 087 The modem of a meter

  Scenario Outline: Versions and ways of communication that have it
    Given the meter "TEST1028000000087" of "<version>" with
      | setting              | value |
      | communication_method | <way> |
    When GetGsmDiagnostic is asked of "TEST1028000000087" with
      | path                        | value |
      | GetGsmDiagnosticRequestData | {}    |
    Then the answer has
      | path                                                       | value              |
      | Result                                                     | OK                 |
      | GetGsmDiagnosticResponseData/Operator                      | Utility Connect    |
      | GetGsmDiagnosticResponseData/ModemRegistrationStatus       | REGISTERED_ROAMING |
      | GetGsmDiagnosticResponseData/CircuitSwitchedStatus         | INACTIVE           |
      | GetGsmDiagnosticResponseData/PacketSwitchedStatus          | <packet>           |
      | GetGsmDiagnosticResponseData/CellInfo/CellId               | 77                 |
      | GetGsmDiagnosticResponseData/CellInfo/LocationId           | 2230               |
      | GetGsmDiagnosticResponseData/CellInfo/SignalQuality        | MINUS_87_DBM       |
      | GetGsmDiagnosticResponseData/CellInfo/BitErrorRate         | 6                  |
      | GetGsmDiagnosticResponseData/CellInfo/MobileCountryCode    | 66                 |
      | GetGsmDiagnosticResponseData/CellInfo/MobileNetworkCode    | 204                |
      | GetGsmDiagnosticResponseData/CellInfo/ChannelNumber        | 107                |
      | GetGsmDiagnosticResponseData/AdjacentCells/1/CellId        | 93                 |
      | GetGsmDiagnosticResponseData/AdjacentCells/1/SignalQuality | MINUS_91_DBM       |
      | GetGsmDiagnosticResponseData/AdjacentCells/2/CellId        | 94                 |
      | GetGsmDiagnosticResponseData/AdjacentCells/2/SignalQuality | MINUS_89_DBM       |

    Examples:
      | version   | way  | packet |
      | SMR 4.3   | CDMA | CDMA   |
      | SMR 5.0.0 | CDMA | CDMA   |
      | SMR 5.0.0 | GPRS | GPRS   |
      | SMR 5.1   | CDMA | CDMA   |
      | SMR 5.1   | GPRS | GPRS   |
      | SMR 5.2   | CDMA | CDMA   |
      | SMR 5.2   | GPRS | GPRS   |
      | SMR 5.5   | CDMA | CDMA   |
      | SMR 5.5   | GPRS | GPRS   |
      | SMR 5.2   | LTE  | LTE    |
      | SMR 5.5   | LTE  | LTE    |

  Scenario Outline: Versions and ways that do not
    Given the meter "TEST1028000000087" of "<version>" with
      | setting              | value |
      | communication_method | <way> |
    When GetGsmDiagnostic is asked of "TEST1028000000087" with
      | path                        | value |
      | GetGsmDiagnosticRequestData | {}    |
    Then it ends with fault 416

    Examples:
      | version    | way  |
      | DSMR 2.2   | GPRS |
      | DSMR 4.2.2 | GPRS |
      | SMR 4.3    | GPRS |
      | SMR 5.0.0  | LTE  |
      | SMR 5.1    | LTE  |
