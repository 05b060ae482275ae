Feature: 080 The M-Bus device that a gateway has found on a channel is coupled with it

  Scenario Outline: The registry knows the device
    Given the meter "TEST1024000000001" of "<version>"
    And the M-Bus device "<device>" with
      | setting          | value    |
      | lifecycle_status | <status> |
    And channel <channel> of "TEST1024000000001" holds 3/12056731/LGB/66/3
    When CoupleMbusDeviceByChannel is asked of "TEST1024000000001" with
      | path                                         | value     |
      | CoupleMbusDeviceByChannelRequestData/Channel | <channel> |
    Then the answer has
      | path                                            | value     |
      | Result                                          | OK        |
      | ChannelElementValues/Channel                    | <channel> |
      | ChannelElementValues/PrimaryAddress             | 3         |
      | ChannelElementValues/IdentificationNumber       | 12056731  |
      | ChannelElementValues/ManufacturerIdentification | LGB       |
    And "<device>" is now coupled on channel <channel> of "TEST1024000000001" at address 3

    Examples:
      | version    | device            | channel | status                     |
      | DSMR 2.2   | TESTG101205673117 | 1       | REGISTERED                 |
      | DSMR 4.2.2 | TESTG101205673117 | 1       | REGISTERED                 |
      | SMR 4.3    | TESTG101205673117 | 1       | REGISTERED                 |
      | SMR 5.0.0  | TESTG101205673117 | 1       | REGISTERED                 |
      | SMR 5.1    | TESTG101205673117 | 1       | REGISTERED                 |
      | SMR 5.2    | TESTG101205673117 | 1       | REGISTERED                 |
      | SMR 5.5    | TESTG101205673117 | 1       | REGISTERED                 |
      | DSMR 4.2.2 | TESTG101205673117 | 2       | REGISTERED                 |
      | DSMR 4.2.2 | TESTG101205673117 | 3       | REGISTERED                 |
      | DSMR 4.2.2 | TESTG101205673117 | 4       | REGISTERED                 |
      | DSMR 4.2.2 | TESTG101205673117 | 1       | NEW_IN_INVENTORY           |
      | DSMR 4.2.2 | TESTG101205673117 | 1       | READY_FOR_USE              |
      | DSMR 4.2.2 | TESTG101205673117 | 1       | REGISTERED_BUILD_IN_FAILED |
      | DSMR 4.2.2 | TESTG101205673117 | 1       | REGISTERED_INSTALL_FAILED  |
      | DSMR 4.2.2 | TESTG101205673117 | 1       | REGISTERED_UPDATE_FAILED   |
      | DSMR 4.2.2 | TESTG101205673117 | 1       | RETURNED_TO_INVENTORY      |
      | DSMR 4.2.2 | TESTG101205673117 | 1       | UNDER_TEST                 |
      | DSMR 4.2.2 | TESTG101205673117 | 1       | DESTROYED                  |
      | SMR 5.5    | TESTW101205673117 | 1       | REGISTERED                 |

  Scenario: The device is in use
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And the M-Bus device "TESTG101205673117" with
      | setting          | value  |
      | lifecycle_status | IN_USE |
    And channel 1 of "TEST1024000000001" holds 3/12056731/LGB/66/3
    When CoupleMbusDeviceByChannel is asked of "TEST1024000000001" with
      | path                                         | value |
      | CoupleMbusDeviceByChannelRequestData/Channel | 1     |
    Then it ends with fault 222
    And "TESTG101205673117" is now coupled with nobody

  Scenario: Nobody is on the channel
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    When CoupleMbusDeviceByChannel is asked of "TEST1024000000001" with
      | path                                         | value |
      | CoupleMbusDeviceByChannelRequestData/Channel | 1     |
    Then it ends with fault 219

  Scenario: The registry does not know the device
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And channel 1 of "TEST1024000000001" holds 3/12056799/LGB/66/3
    When CoupleMbusDeviceByChannel is asked of "TEST1024000000001" with
      | path                                         | value |
      | CoupleMbusDeviceByChannelRequestData/Channel | 1     |
    Then it ends with fault 218
