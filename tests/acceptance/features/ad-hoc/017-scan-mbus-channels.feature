Feature: 017 Which M-Bus devices stand on the channels of a meter

  Scenario Outline: One device
    Given the meter "<device>" of "<version>"
    And channel 1 of "<device>" holds 9/12056731/LGB/66/3
    And the M-Bus device "<mbus>"
    And "<mbus>" is coupled on channel 1 of "<device>"
    When ScanMbusChannels is asked of "<device>"
    Then the answer is OK
    And the answer has
      | path                                                | value    |
      | ChannelShortId/1/Channel                            | 1        |
      | ChannelShortId/1/ShortId/IdentificationNumber       | 12056731 |
      | ChannelShortId/1/ShortId/ManufacturerIdentification | LGB      |
      | ChannelShortId/1/ShortId/VersionIdentification      | 66       |
      | ChannelShortId/1/ShortId/DeviceTypeIdentification   | 3        |
      | ChannelShortId/2/Channel                            | 2        |
      | ChannelShortId/2/ShortId/IdentificationNumber       | 00000000 |
      | ChannelShortId/2/ShortId/VersionIdentification      | 0        |
      | ChannelShortId/2/ShortId/DeviceTypeIdentification   | 0        |
      | ChannelShortId/3/Channel                            | 3        |
      | ChannelShortId/3/ShortId/IdentificationNumber       | 00000000 |
      | ChannelShortId/3/ShortId/VersionIdentification      | 0        |
      | ChannelShortId/3/ShortId/DeviceTypeIdentification   | 0        |
      | ChannelShortId/4/Channel                            | 4        |
      | ChannelShortId/4/ShortId/IdentificationNumber       | 00000000 |
      | ChannelShortId/4/ShortId/VersionIdentification      | 0        |
      | ChannelShortId/4/ShortId/DeviceTypeIdentification   | 0        |

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

  Scenario: An identification number that is none
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And channel 1 of "TEST1024000000001" holds 9/A2056731/LGB/66/3
    When ScanMbusChannels is asked of "TEST1024000000001"
    Then the answer is OK
    And the answer has
      | path                                                | value                                                                        |
      | ChannelShortId/1/Channel                            | 1                                                                            |
      | ChannelShortId/1/ShortId/IdentificationNumber       | DOUBLE_LONG_UNSIGNED Value: 2718263089 (Cannot not be correctly interpreted) |
      | ChannelShortId/1/ShortId/ManufacturerIdentification | LGB                                                                          |
      | ChannelShortId/1/ShortId/VersionIdentification      | 66                                                                           |
      | ChannelShortId/1/ShortId/DeviceTypeIdentification   | 3                                                                            |
      | ChannelShortId/2/Channel                            | 2                                                                            |
      | ChannelShortId/2/ShortId/IdentificationNumber       | 00000000                                                                     |
      | ChannelShortId/2/ShortId/VersionIdentification      | 0                                                                            |
      | ChannelShortId/2/ShortId/DeviceTypeIdentification   | 0                                                                            |
      | ChannelShortId/3/Channel                            | 3                                                                            |
      | ChannelShortId/3/ShortId/IdentificationNumber       | 00000000                                                                     |
      | ChannelShortId/3/ShortId/VersionIdentification      | 0                                                                            |
      | ChannelShortId/3/ShortId/DeviceTypeIdentification   | 0                                                                            |
      | ChannelShortId/4/Channel                            | 4                                                                            |
      | ChannelShortId/4/ShortId/IdentificationNumber       | 00000000                                                                     |
      | ChannelShortId/4/ShortId/VersionIdentification      | 0                                                                            |
      | ChannelShortId/4/ShortId/DeviceTypeIdentification   | 0                                                                            |
