Feature: 030 Firmware versions are read in a bundle

  Scenario Outline: Three modules
    Given the meter "<device>" of "<version>"
    When Bundle is asked of "<device>" with
      | path                                | value |
      | Actions/1/GetFirmwareVersionRequest | {}    |
    Then the answer has
      | path                                                                     | value                                |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/1/Version            | M57 4836                             |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/1/FirmwareModuleType | ACTIVE_FIRMWARE                      |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/2/Version            | BL_012 XMX_N42_GprsV09               |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/2/FirmwareModuleType | MODULE_ACTIVE_FIRMWARE               |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/3/Version            | Telit 10.00.154                      |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/3/FirmwareModuleType | COMMUNICATION_MODULE_ACTIVE_FIRMWARE |
    And the answer has 3 FirmwareVersions

    Examples:
      | version    | device            |
      | DSMR 2.2   | TEST1026000000001 |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 4.3    | TEST1031000000001 |

  Scenario Outline: And the driver of M-Bus devices
    Given the meter "<device>" of "<version>"
    When Bundle is asked of "<device>" with
      | path                                | value |
      | Actions/1/GetFirmwareVersionRequest | {}    |
    Then the answer has
      | path                                                                     | value                                |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/1/Version            | M57 4836                             |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/1/FirmwareModuleType | ACTIVE_FIRMWARE                      |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/2/Version            | BL_012 XMX_N42_GprsV09               |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/2/FirmwareModuleType | MODULE_ACTIVE_FIRMWARE               |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/3/Version            | Telit 10.00.154                      |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/3/FirmwareModuleType | COMMUNICATION_MODULE_ACTIVE_FIRMWARE |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/4/Version            | M00 0000                             |
      | value/1/GetFirmwareVersionResponse/FirmwareVersions/4/FirmwareModuleType | M_BUS_DRIVER_ACTIVE_FIRMWARE         |
    And the answer has 4 FirmwareVersions

    Examples:
      | version   | device            |
      | SMR 5.0.0 | TEST1027000000001 |
      | SMR 5.1   | TEST1028000000001 |
      | SMR 5.2   | TEST1029000000001 |
      | SMR 5.5   | TEST1030000000001 |

  Scenario Outline: A gas meter
    Given the meter "<device>" of "<version>"
    And channel 1 of "<device>" holds 9/12056731/LGB/66/3
    And the M-Bus device "<mbus>"
    And "<mbus>" is coupled on channel 1 of "<device>"
    And attribute 2 of 4 0.1.24.2.11.255 of "<device>" is octet-string 2f31b15a
    When Bundle is asked of "<device>" with
      | path                                                        | value  |
      | Actions/1/GetFirmwareVersionGasRequest/DeviceIdentification | <mbus> |
    Then the answer has
      | path                                                                     | value               |
      | value/1/GetFirmwareVersionGasResponse/FirmwareVersion/FirmwareModuleType | SIMPLE_VERSION_INFO |
      | value/1/GetFirmwareVersionGasResponse/FirmwareVersion/Version            | 2F31B15A            |

    Examples:
      | version   | device            | mbus              |
      | SMR 5.0.0 | TEST1027000000001 | TESTG101205673101 |
      | SMR 5.1   | TEST1028000000001 | TESTG101205673101 |
      | SMR 5.2   | TEST1029000000001 | TESTG101205673101 |
      | SMR 5.5   | TEST1030000000001 | TESTG101205673101 |
