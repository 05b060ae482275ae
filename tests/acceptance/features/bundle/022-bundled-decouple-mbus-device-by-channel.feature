Feature: 022 An M-Bus device is decoupled by its channel in a bundle

  Scenario: A device that the registry does not know
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    When Bundle is asked of "TEST1024000000001" with
      | path                                                 | value |
      | Actions/1/DecoupleMbusDeviceByChannelRequest/Channel | 1     |
    Then the answer has
      | path                                                                                  | value    |
      | value/1/DecoupleMbusDeviceByChannelResponse/ChannelElementValues/IdentificationNumber | 12056731 |
    And the answer has no value/1/DecoupleMbusDeviceByChannelResponse/mbusDeviceIdentification
    And channel 1 of "TEST1024000000001" now holds 0/00000000//0/0

  Scenario: An empty channel
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And channel 1 of "TEST1024000000001" holds 0/00000000//0/0
    When Bundle is asked of "TEST1024000000001" with
      | path                                                 | value |
      | Actions/1/DecoupleMbusDeviceByChannelRequest/Channel | 1     |
    Then the answer has
      | path                                                                                  | value    |
      | value/1/DecoupleMbusDeviceByChannelResponse/ChannelElementValues/IdentificationNumber | 00000000 |
    And the answer has no value/1/DecoupleMbusDeviceByChannelResponse/mbusDeviceIdentification
    And channel 1 of "TEST1024000000001" now holds 0/00000000//0/0

  Scenario: A gateway that is not there
    When Bundle is asked of "TEST102400unknown" with
      | path                                                 | value |
      | Actions/1/DecoupleMbusDeviceByChannelRequest/Channel | 1     |
    Then it ends with fault 201

  Scenario Outline: A device of this gateway
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    And the M-Bus device "<mbus>"
    And "<mbus>" is coupled on channel 1 of "TEST1024000000001"
    When Bundle is asked of "TEST1024000000001" with
      | path                                                 | value |
      | Actions/1/DecoupleMbusDeviceByChannelRequest/Channel | 1     |
    Then the answer has
      | path                                                                 | value  |
      | value/1/DecoupleMbusDeviceByChannelResponse/mbusDeviceIdentification | <mbus> |
    And channel 1 of "TEST1024000000001" now holds 0/00000000//0/0
    And "<mbus>" is now coupled with nobody

    Examples:
      | mbus              |
      | TESTG101205673117 |
      | TESTW101205673117 |

  Scenario: A device of another gateway
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And the meter "TEST1024000000002" of "DSMR 4.2.2"
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    And channel 1 of "TEST1024000000002" holds 9/12056731/LGB/66/3
    And the M-Bus device "TESTG101205673117"
    And "TESTG101205673117" is coupled on channel 1 of "TEST1024000000002"
    When Bundle is asked of "TEST1024000000001" with
      | path                                                 | value |
      | Actions/1/DecoupleMbusDeviceByChannelRequest/Channel | 1     |
    Then the answer has
      | path                                                                 | value             |
      | value/1/DecoupleMbusDeviceByChannelResponse/mbusDeviceIdentification | TESTG101205673117 |
    And channel 1 of "TEST1024000000001" now holds 0/00000000//0/0
    And "TESTG101205673117" is now coupled on channel 1 of "TEST1024000000002" at address 9
