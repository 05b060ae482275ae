Feature: 081 An M-Bus device is taken off its gateway

  Scenario Outline: It is coupled and in use
    Given the meter "TEST1024000000001" of "<version>"
    And the M-Bus device "<device>"
    And channel <channel> of "TEST1024000000001" holds 3/12056731/LGB/66/3
    And "<device>" is coupled on channel <channel> of "TEST1024000000001"
    And the status of "<device>" is IN_USE
    When DecoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value    |
      | MbusDeviceIdentification | <device> |
    Then the answer is OK
    And "<device>" is now coupled with nobody
    And channel <channel> of "TEST1024000000001" now holds 0/00000000//0/0

    Examples:
      | version    | device            | channel |
      | DSMR 2.2   | TESTG101205673117 | 1       |
      | DSMR 4.2.2 | TESTG101205673117 | 1       |
      | SMR 4.3    | TESTG101205673117 | 1       |
      | SMR 5.0.0  | TESTG101205673117 | 1       |
      | SMR 5.1    | TESTG101205673117 | 1       |
      | SMR 5.2    | TESTG101205673117 | 1       |
      | SMR 5.5    | TESTG101205673117 | 1       |
      | DSMR 4.2.2 | TESTG101205673117 | 2       |
      | DSMR 4.2.2 | TESTG101205673117 | 3       |
      | DSMR 4.2.2 | TESTG101205673117 | 4       |
      | SMR 5.5    | TESTW101205673117 | 1       |

  Scenario: It is in use and coupled with nobody
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And channel 1 of "TEST1024000000001" holds 3/12056731/LGB/66/3
    And the M-Bus device "TESTG101205673117" with
      | setting          | value  |
      | lifecycle_status | IN_USE |
    When DecoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
    Then the answer is OK
    And "TESTG101205673117" is now coupled with nobody
    And channel 1 of "TEST1024000000001" now holds 3/12056731/LGB/66/3

  Scenario Outline: It is not in use
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And the M-Bus device "TESTG101205673117" with
      | setting          | value    |
      | lifecycle_status | <status> |
    And channel 1 of "TEST1024000000001" holds 3/12056731/LGB/66/3
    And "TESTG101205673117" is coupled on channel 1 of "TEST1024000000001"
    When DecoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
    Then it ends with fault 207
    And "TESTG101205673117" is now coupled on channel 1 of "TEST1024000000001" at address 3
    And channel 1 of "TEST1024000000001" now holds 3/12056731/LGB/66/3

    Examples:
      | status                     |
      | NEW_IN_INVENTORY           |
      | READY_FOR_USE              |
      | REGISTERED                 |
      | REGISTERED_BUILD_IN_FAILED |
      | REGISTERED_INSTALL_FAILED  |
      | REGISTERED_UPDATE_FAILED   |
      | RETURNED_TO_INVENTORY      |
      | UNDER_TEST                 |
      | DESTROYED                  |

  Scenario: An M-Bus device that nobody knows
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When DecoupleMbusDevice is asked of "TEST1024000000001" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG10240unknown |
    Then it ends with fault 201

  Scenario: A gateway that nobody knows
    Given the M-Bus device "TESTG101205673117"
    When DecoupleMbusDevice is asked of "TEST102400unknown" with
      | path                     | value             |
      | MbusDeviceIdentification | TESTG101205673117 |
    Then it ends with fault 201
    And the request is refused at once
