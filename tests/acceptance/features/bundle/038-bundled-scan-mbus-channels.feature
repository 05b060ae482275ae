Feature: 038 The M-Bus channels of a meter are scanned in a bundle

  Scenario Outline: One device
    Given the meter "<device>" of "<version>"
    And channel 1 of "<device>" holds 9/12056731/LGB/66/3
    And the M-Bus device "<mbus>"
    And "<mbus>" is coupled on channel 1 of "<device>"
    When Bundle is asked of "<device>" with
      | path                              | value |
      | Actions/1/ScanMbusChannelsRequest | {}    |
    Then the answer has
      | path                                                                                 | value    |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/1/Channel                            | 1        |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/1/ShortId/IdentificationNumber       | 12056731 |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/1/ShortId/ManufacturerIdentification | LGB      |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/1/ShortId/VersionIdentification      | 66       |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/1/ShortId/DeviceTypeIdentification   | 3        |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/2/Channel                            | 2        |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/2/ShortId/IdentificationNumber       | 00000000 |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/2/ShortId/VersionIdentification      | 0        |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/2/ShortId/DeviceTypeIdentification   | 0        |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/3/Channel                            | 3        |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/3/ShortId/IdentificationNumber       | 00000000 |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/3/ShortId/VersionIdentification      | 0        |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/3/ShortId/DeviceTypeIdentification   | 0        |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/4/Channel                            | 4        |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/4/ShortId/IdentificationNumber       | 00000000 |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/4/ShortId/VersionIdentification      | 0        |
      | value/1/ScanMbusChannelsResponse/ChannelShortId/4/ShortId/DeviceTypeIdentification   | 0        |

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
