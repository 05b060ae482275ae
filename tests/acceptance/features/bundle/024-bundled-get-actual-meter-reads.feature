Feature: 024 The registers of a meter are read in a bundle

  Scenario Outline: An electricity meter
    Given the meter "<device>" of "<version>"
    And attribute 2 of 3 1.0.1.8.0.255 of "<device>" is double-long-unsigned 10001
    And attribute 2 of 3 1.0.2.8.0.255 of "<device>" is double-long-unsigned 20001
    And attribute 2 of 3 1.0.1.8.1.255 of "<device>" is double-long-unsigned 10002
    And attribute 2 of 3 1.0.1.8.2.255 of "<device>" is double-long-unsigned 10003
    And attribute 2 of 3 1.0.2.8.1.255 of "<device>" is double-long-unsigned 20002
    And attribute 2 of 3 1.0.2.8.2.255 of "<device>" is double-long-unsigned 20003
    When Bundle is asked of "<device>" with
      | path                                 | value |
      | Actions/1/GetActualMeterReadsRequest | {}    |
    Then the answer has
      | path                                                              | value  |
      | value/1/ActualMeterReadsResponse/ActiveEnergyImport               | 10.001 |
      | value/1/ActualMeterReadsResponse/ActiveEnergyImport/unit          | KWH    |
      | value/1/ActualMeterReadsResponse/ActiveEnergyExport               | 20.001 |
      | value/1/ActualMeterReadsResponse/ActiveEnergyExport/unit          | KWH    |
      | value/1/ActualMeterReadsResponse/ActiveEnergyImportTariffOne      | 10.002 |
      | value/1/ActualMeterReadsResponse/ActiveEnergyImportTariffOne/unit | KWH    |
      | value/1/ActualMeterReadsResponse/ActiveEnergyImportTariffTwo      | 10.003 |
      | value/1/ActualMeterReadsResponse/ActiveEnergyImportTariffTwo/unit | KWH    |
      | value/1/ActualMeterReadsResponse/ActiveEnergyExportTariffOne      | 20.002 |
      | value/1/ActualMeterReadsResponse/ActiveEnergyExportTariffOne/unit | KWH    |
      | value/1/ActualMeterReadsResponse/ActiveEnergyExportTariffTwo      | 20.003 |
      | value/1/ActualMeterReadsResponse/ActiveEnergyExportTariffTwo/unit | KWH    |

    Examples:
      | version    | device            |
      | DSMR 2.2   | TEST1026000000001 |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 4.3    | TEST1031000000001 |
      | SMR 5.0.0  | TEST1027000000001 |
      | SMR 5.1    | TEST1028000000001 |
      | SMR 5.2    | TEST1029000000001 |
      | SMR 5.5    | TEST1030000000001 |

  Scenario Outline: A gas meter behind it
    Given the meter "<device>" of "<version>"
    And channel 1 of "<device>" holds 9/12056731/LGB/66/3
    And the M-Bus device "<mbus>"
    And "<mbus>" is coupled on channel 1 of "<device>"
    When Bundle is asked of "<device>" with
      | path                                                         | value  |
      | Actions/1/GetActualMeterReadsGasRequest/DeviceIdentification | <mbus> |
    Then the answer has
      | path                                                 | value |
      | value/1/ActualMeterReadsGasResponse/Consumption/unit | M3    |

    Examples:
      | version    | device            | mbus              |
      | DSMR 2.2   | TEST1026000000001 | TESTG101205673101 |
      | DSMR 4.2.2 | TEST1024000000001 | TESTG101205673101 |
      | SMR 4.3    | TEST1031000000001 | TESTG101205673101 |
      | SMR 5.0.0  | TEST1027000000001 | TESTG101205673101 |
      | SMR 5.1    | TEST1028000000001 | TESTG101205673101 |
      | SMR 5.2    | TEST1029000000001 | TESTG101205673101 |
      | SMR 5.5    | TEST1030000000001 | TESTG101205673101 |
      | SMR 5.5    | TEST1030000000001 | TESTW101205673101 |
