Feature: 079 An M-Bus device is coupled with a gateway

  Scenario Outline: The device is on channel 1
    Given the meter "TEST1024000000001" of "<version>"
    And the M-Bus device "<device>" with
      | setting          | value    |
      | lifecycle_status | <status> |
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value    |
      | MbusDeviceIdentification | <device> |
    Then the answer has
      | path                                            | value    |
      | MbusDeviceIdentification                        | <device> |
      | Result                                          | OK       |
      | ChannelElementValues/Channel                    | 1        |
      | ChannelElementValues/PrimaryAddress             | 9        |
      | ChannelElementValues/IdentificationNumber       | 12056731 |
      | ChannelElementValues/ManufacturerIdentification | LGB      |
    And "<device>" is now coupled on channel 1 of "TEST1024000000001" at address 9

    Examples:
      | version    | device            | status                     |
      | DSMR 2.2   | TESTG101205673117 | REGISTERED                 |
      | DSMR 4.2.2 | TESTG101205673117 | REGISTERED                 |
      | SMR 4.3    | TESTG101205673117 | REGISTERED                 |
      | SMR 5.0.0  | TESTG101205673117 | REGISTERED                 |
      | SMR 5.1    | TESTG101205673117 | REGISTERED                 |
      | SMR 5.2    | TESTG101205673117 | REGISTERED                 |
      | SMR 5.5    | TESTG101205673117 | REGISTERED                 |
      | DSMR 4.2.2 | TESTG101205673117 | NEW_IN_INVENTORY           |
      | DSMR 4.2.2 | TESTG101205673117 | READY_FOR_USE              |
      | DSMR 4.2.2 | TESTG101205673117 | REGISTERED_BUILD_IN_FAILED |
      | DSMR 4.2.2 | TESTG101205673117 | REGISTERED_INSTALL_FAILED  |
      | DSMR 4.2.2 | TESTG101205673117 | REGISTERED_UPDATE_FAILED   |
      | DSMR 4.2.2 | TESTG101205673117 | RETURNED_TO_INVENTORY      |
      | DSMR 4.2.2 | TESTG101205673117 | UNDER_TEST                 |
      | DSMR 4.2.2 | TESTG101205673117 | DESTROYED                  |
      | SMR 5.5    | TESTW101205673117 | REGISTERED                 |

  Scenario: Only number and manufacturer of the device are known
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And the M-Bus device "TESTG101205673117" with
      | setting                          | value |
      | mbus_manufacturer_identification | ITG   |
      | mbus_version                     | none  |
      | mbus_device_type_identification  | none  |
    And channel 1 of "TEST1024000000001" holds 9/12056731/ITG/66/3
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
    Then the answer has
      | path                                            | value    |
      | Result                                          | OK       |
      | ChannelElementValues/Channel                    | 1        |
      | ChannelElementValues/PrimaryAddress             | 9        |
      | ChannelElementValues/IdentificationNumber       | 12056731 |
      | ChannelElementValues/ManufacturerIdentification | ITG      |
    And "TESTG101205673117" is now coupled on channel 1 of "TEST1024000000001" at address 9

  Scenario: The device is on channel 2
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And the M-Bus device "TESTG101205673117"
    And channel 2 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
    Then the answer has
      | path                                | value |
      | Result                              | OK    |
      | ChannelElementValues/Channel        | 2     |
      | ChannelElementValues/PrimaryAddress | 9     |
    And "TESTG101205673117" is now coupled on channel 2 of "TEST1024000000001" at address 9

  Scenario: The device is on channel 2 while the registry knows another one on channel 1
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And the M-Bus device "TESTG101205673117"
    And the M-Bus device "TESTG101205672617" with
      | setting                    | value    |
      | mbus_identification_number | 12056726 |
    And channel 1 of "TEST1024000000001" holds 3/12056726/LGB/66/3
    And "TESTG101205672617" is coupled on channel 1 of "TEST1024000000001"
    And channel 1 of "TEST1024000000001" holds 0/00000000//0/0
    And channel 2 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
    Then the answer has
      | path                                | value |
      | Result                              | OK    |
      | ChannelElementValues/Channel        | 2     |
      | ChannelElementValues/PrimaryAddress | 9     |
    And "TESTG101205673117" is now coupled on channel 2 of "TEST1024000000001" at address 9
    And "TESTG101205672617" is now coupled on channel 1 of "TEST1024000000001" at address 3

  Scenario: It is coupled with another gateway
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And the meter "TEST1024000000002" of "DSMR 4.2.2"
    And all channels of "TEST1024000000002" are empty
    And the M-Bus device "TESTG101205673117"
    And channel 1 of "TEST1024000000002" holds 3/12056731/LGB/66/3
    And "TESTG101205673117" is coupled on channel 1 of "TEST1024000000002"
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
    Then it ends with fault 216
    And "TESTG101205673117" is now coupled on channel 1 of "TEST1024000000002" at address 3

  Scenario: It is coupled with this gateway
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And the M-Bus device "TESTG101205673117"
    And channel 1 of "TEST1024000000001" holds 3/12056731/LGB/66/3
    And "TESTG101205673117" is coupled on channel 1 of "TEST1024000000001"
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
    Then it ends with fault 216
    And "TESTG101205673117" is now coupled on channel 1 of "TEST1024000000001" at address 3

  Scenario Outline: It is taken from another gateway by force
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And the meter "TEST1024000000002" of "DSMR 4.2.2"
    And all channels of "TEST1024000000002" are empty
    And the M-Bus device "TESTG101205673117"
    And channel 1 of "TEST1024000000002" holds 3/12056731/LGB/66/3
    And "TESTG101205673117" is coupled on channel 1 of "TEST1024000000002"
    And channel 1 of "TEST1024000000001" holds <before>
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
      | Force                    | true              |
    Then the answer has
      | path                                | value |
      | Result                              | OK    |
      | ChannelElementValues/Channel        | 1     |
      | ChannelElementValues/PrimaryAddress | 3     |
    And "TESTG101205673117" is now coupled on channel 1 of "TEST1024000000001" at address 3
    And channel 1 of "TEST1024000000001" now holds 3/12056731/LGB/66/3

    Examples:
      | before              |
      | 3/12056731/LGB/66/3 |
      | 0/00000000//0/0     |

  Scenario Outline: It is coupled with the same gateway by force
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And the M-Bus device "TESTG101205673117"
    And channel 1 of "TEST1024000000001" holds 3/12056731/LGB/66/3
    And "TESTG101205673117" is coupled on channel 1 of "TEST1024000000001"
    And channel 1 of "TEST1024000000001" holds <before>
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
      | Force                    | true              |
    Then the answer has
      | path                                | value |
      | Result                              | OK    |
      | ChannelElementValues/Channel        | 1     |
      | ChannelElementValues/PrimaryAddress | 3     |
    And "TESTG101205673117" is now coupled on channel 1 of "TEST1024000000001" at address 3
    And channel 1 of "TEST1024000000001" now holds 3/12056731/LGB/66/3

    Examples:
      | before              |
      | 3/12056731/LGB/66/3 |
      | 0/00000000//0/0     |

  Scenario: An M-Bus device that nobody knows
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG10240unknown |
    Then it ends with fault 201

  Scenario: A gateway that nobody knows
    Given the M-Bus device "TESTG101205673117"
    When CoupleMbusDevice is asked of "TEST102400unknown" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
    Then it ends with fault 201
    And the request is refused at once

  Scenario: The device is on no channel and has no address
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And the M-Bus device "TESTG101205673117" with
      | setting                          | value |
      | mbus_manufacturer_identification | ITG   |
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
    Then the answer has
      | path                                | value |
      | Result                              | OK    |
      | ChannelElementValues/Channel        | 1     |
      | ChannelElementValues/PrimaryAddress | 0     |
    And "TESTG101205673117" is now coupled on channel 1 of "TEST1024000000001" at address 0
    And channel 1 of "TEST1024000000001" now holds 0/12056731/ITG/66/3

  Scenario: Another device is on channel 1
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And the meter "TEST1024000000002" of "DSMR 4.2.2"
    And all channels of "TEST1024000000002" are empty
    And the M-Bus device "TESTG101205673117"
    And channel 1 of "TEST1024000000002" holds 3/12056731/LGB/66/3
    And "TESTG101205673117" is coupled on channel 1 of "TEST1024000000002"
    And channel 1 of "TEST1024000000001" holds 241/12056726/LGB/66/3
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
      | Force                    | true              |
    Then the answer has
      | path                                | value |
      | Result                              | OK    |
      | ChannelElementValues/Channel        | 2     |
      | ChannelElementValues/PrimaryAddress | 3     |
    And "TESTG101205673117" is now coupled on channel 2 of "TEST1024000000001" at address 3
    And channel 2 of "TEST1024000000001" now holds 3/12056731/LGB/66/3
    And channel 1 of "TEST1024000000001" now holds 241/12056726/LGB/66/3

  Scenario: Another device is on channel 2, and coupled there
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And the M-Bus device "TESTG101205672617" with
      | setting                    | value    |
      | mbus_identification_number | 12056726 |
    And channel 2 of "TEST1024000000001" holds 241/12056726/LGB/66/3
    And "TESTG101205672617" is coupled on channel 2 of "TEST1024000000001"
    And the meter "TEST1024000000002" of "DSMR 4.2.2"
    And all channels of "TEST1024000000002" are empty
    And the M-Bus device "TESTG101205673117"
    And channel 1 of "TEST1024000000002" holds 3/12056731/LGB/66/3
    And "TESTG101205673117" is coupled on channel 1 of "TEST1024000000002"
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
      | Force                    | true              |
    Then the answer has
      | path                                | value |
      | Result                              | OK    |
      | ChannelElementValues/Channel        | 1     |
      | ChannelElementValues/PrimaryAddress | 3     |
    And "TESTG101205673117" is now coupled on channel 1 of "TEST1024000000001" at address 3
    And channel 1 of "TEST1024000000001" now holds 3/12056731/LGB/66/3
    And channel 2 of "TEST1024000000001" now holds 241/12056726/LGB/66/3
    And "TESTG101205672617" is now coupled on channel 2 of "TEST1024000000001" at address 241

  Scenario Outline: The gateway has four devices
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And 4 M-Bus devices are coupled with "TEST1024000000001"
    And the M-Bus device "TESTG101205673117" with
      | setting          | value    |
      | lifecycle_status | <status> |
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
    Then it ends with fault <fault>
    And "TESTG101205673117" is now coupled with nobody

    Examples:
      | status     | fault |
      | REGISTERED | 217   |
      | IN_USE     | 222   |

  Scenario: The device is in use
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    And the M-Bus device "TESTG101205673117" with
      | setting          | value  |
      | lifecycle_status | IN_USE |
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    When CoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
    Then it ends with fault 222
    And "TESTG101205673117" is now coupled with nobody
