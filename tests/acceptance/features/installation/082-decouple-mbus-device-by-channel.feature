Feature: 082 A channel of a gateway is emptied

  Scenario Outline: The registry knows nobody there
    Given the meter "TEST1024000000001" of "<version>"
    And channel <channel> of "TEST1024000000001" holds 9/12056731/LGB/66/3
    When DecoupleMbusDeviceByChannel is asked of "TEST1024000000001" with
      | path                                           | value     |
      | DecoupleMbusDeviceByChannelRequestData/Channel | <channel> |
    Then the answer has
      | path                                      | value                               |
      | Result                                    | OK                                  |
      | resultString                              | Decouple Mbus Device was successful |
      | ChannelElementValues/Channel              | <channel>                           |
      | ChannelElementValues/IdentificationNumber | 12056731                            |
    And the answer names no mbusDeviceIdentification
    And channel <channel> of "TEST1024000000001" now holds 0/00000000//0/0

    Examples:
      | version    | channel |
      | DSMR 2.2   | 1       |
      | DSMR 4.2.2 | 1       |
      | SMR 4.3    | 1       |
      | SMR 5.0.0  | 1       |
      | SMR 5.1    | 1       |
      | SMR 5.2    | 1       |
      | SMR 5.5    | 1       |
      | DSMR 4.2.2 | 2       |
      | DSMR 4.2.2 | 3       |
      | DSMR 4.2.2 | 4       |

  Scenario: A number that is none
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And channel 1 of "TEST1024000000001" holds 9/A2056731/LGB/66/3
    When DecoupleMbusDeviceByChannel is asked of "TEST1024000000001" with
      | path                                           | value |
      | DecoupleMbusDeviceByChannelRequestData/Channel | 1     |
    Then the answer has
      | path                                      | value                                                                                                |
      | Result                                    | OK                                                                                                   |
      | resultString                              | Channel information could not be correctly interpreted. Mbus Device was successful decoupled anyway. |
      | ChannelElementValues/Channel              | 1                                                                                                    |
      | ChannelElementValues/IdentificationNumber | DOUBLE_LONG_UNSIGNED Value: 2718263089                                                               |
    And the answer names no mbusDeviceIdentification
    And channel 1 of "TEST1024000000001" now holds 0/00000000//0/0

  Scenario: Nobody is on the channel
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    When DecoupleMbusDeviceByChannel is asked of "TEST1024000000001" with
      | path                                           | value |
      | DecoupleMbusDeviceByChannelRequestData/Channel | 1     |
    Then the answer has
      | path                                      | value                               |
      | Result                                    | OK                                  |
      | resultString                              | Decouple Mbus Device was successful |
      | ChannelElementValues/Channel              | 1                                   |
      | ChannelElementValues/IdentificationNumber | 00000000                            |
    And the answer names no mbusDeviceIdentification
    And channel 1 of "TEST1024000000001" now holds 0/00000000//0/0

  Scenario: A gateway that nobody knows
    When DecoupleMbusDeviceByChannel is asked of "TEST102400unknown" with
      | path                                           | value |
      | DecoupleMbusDeviceByChannelRequestData/Channel | 1     |
    Then it ends with fault 201
    And the request is refused at once

  Scenario Outline: The device is coupled there
    Given the meter "TEST1024000000001" of "<version>"
    And the M-Bus device "<device>"
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    And "<device>" is coupled on channel 1 of "TEST1024000000001"
    When DecoupleMbusDeviceByChannel is asked of "TEST1024000000001" with
      | path                                           | value |
      | DecoupleMbusDeviceByChannelRequestData/Channel | 1     |
    Then the answer has
      | path                                      | value                               |
      | Result                                    | OK                                  |
      | resultString                              | Decouple Mbus Device was successful |
      | ChannelElementValues/Channel              | 1                                   |
      | ChannelElementValues/IdentificationNumber | 12056731                            |
      | mbusDeviceIdentification                  | <device>                            |
    And channel 1 of "TEST1024000000001" now holds 0/00000000//0/0
    And "<device>" is now coupled with nobody

    Examples:
      | version    | device            |
      | DSMR 4.2.2 | TESTG101205673117 |
      | SMR 5.5    | TESTW101205673117 |

  Scenario: The device is coupled there, and its number is none any more
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And the M-Bus device "TESTG101205673117"
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    And "TESTG101205673117" is coupled on channel 1 of "TEST1024000000001"
    And channel 1 of "TEST1024000000001" holds 9/A2056731/LGB/66/3
    When DecoupleMbusDeviceByChannel is asked of "TEST1024000000001" with
      | path                                           | value |
      | DecoupleMbusDeviceByChannelRequestData/Channel | 1     |
    Then the answer has
      | path                                      | value                                                                                                |
      | Result                                    | OK                                                                                                   |
      | resultString                              | Channel information could not be correctly interpreted. Mbus Device was successful decoupled anyway. |
      | ChannelElementValues/Channel              | 1                                                                                                    |
      | ChannelElementValues/IdentificationNumber | DOUBLE_LONG_UNSIGNED Value: 2718263089                                                               |
    And the answer names no mbusDeviceIdentification
    And "TESTG101205673117" is now coupled with nobody

  Scenario Outline: The device is coupled with another gateway
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And the meter "TEST1024000000002" of "DSMR 4.2.2"
    And the M-Bus device "TESTG101205673117"
    And channel 1 of "TEST1024000000002" holds 9/12056731/LGB/66/3
    And "TESTG101205673117" is coupled on channel 1 of "TEST1024000000002"
    And channel 1 of "TEST1024000000001" holds 9/<number>/LGB/66/3
    When DecoupleMbusDeviceByChannel is asked of "TEST1024000000001" with
      | path                                           | value |
      | DecoupleMbusDeviceByChannelRequestData/Channel | 1     |
    Then the answer has
      | path                                      | value  |
      | Result                                    | OK     |
      | resultString                              | <text> |
      | ChannelElementValues/IdentificationNumber | <told> |
    And the device that the answer names is "<named>"
    And channel 1 of "TEST1024000000001" now holds 0/00000000//0/0
    And "TESTG101205673117" is now coupled on channel 1 of "TEST1024000000002" at address 9

    Examples:
      | number   | text                                                                                                 | told                                   | named             |
      | 12056731 | Decouple Mbus Device was successful                                                                  | 12056731                               | TESTG101205673117 |
      | A2056731 | Channel information could not be correctly interpreted. Mbus Device was successful decoupled anyway. | DOUBLE_LONG_UNSIGNED Value: 2718263089 |                   |
