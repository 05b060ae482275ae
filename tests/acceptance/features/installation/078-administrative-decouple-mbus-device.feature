Feature: 078 The registry forgets with which gateway an M-Bus device is coupled

  Scenario Outline: It is coupled, whatever its status
    Given the meter "TEST1024000000001" of "<version>"
    And the M-Bus device "<device>" with
      | setting          | value      |
      | lifecycle_status | REGISTERED |
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    And "<device>" is coupled on channel 1 of "TEST1024000000001"
    And the status of "<device>" is <status>
    When DecoupleMbusDeviceAdministrative is asked of "<device>"
    Then the answer is OK
    And "<device>" is now coupled with nobody
    And channel 1 of "TEST1024000000001" now holds 9/12056731/LGB/66/3

    Examples:
      | version    | device            | status                     |
      | DSMR 4.2.2 | TESTG101205673117 | NEW_IN_INVENTORY           |
      | DSMR 4.2.2 | TESTG101205673117 | READY_FOR_USE              |
      | DSMR 4.2.2 | TESTG101205673117 | REGISTERED                 |
      | DSMR 4.2.2 | TESTG101205673117 | REGISTERED_BUILD_IN_FAILED |
      | DSMR 4.2.2 | TESTG101205673117 | REGISTERED_INSTALL_FAILED  |
      | DSMR 4.2.2 | TESTG101205673117 | REGISTERED_UPDATE_FAILED   |
      | DSMR 4.2.2 | TESTG101205673117 | RETURNED_TO_INVENTORY      |
      | DSMR 4.2.2 | TESTG101205673117 | UNDER_TEST                 |
      | DSMR 4.2.2 | TESTG101205673117 | DESTROYED                  |
      | DSMR 4.2.2 | TESTG101205673117 | IN_USE                     |
      | SMR 5.5    | TESTW101205673117 | IN_USE                     |

  Scenario: It is coupled with nobody
    Given the M-Bus device "TESTG101205673117"
    When DecoupleMbusDeviceAdministrative is asked of "TESTG101205673117"
    Then the answer is OK
    And "TESTG101205673117" is now coupled with nobody

  Scenario: Its gateway cannot be reached
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And the M-Bus device "TESTG101205673117"
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    And "TESTG101205673117" is coupled on channel 1 of "TEST1024000000001"
    And the meter "TEST1024000000001" of "DSMR 4.2.2" with
      | setting | value |
      | port    | 1     |
    When DecoupleMbusDeviceAdministrative is asked of "TESTG101205673117"
    Then the answer is OK
    And "TESTG101205673117" is now coupled with nobody

  Scenario: A device that nobody knows
    When DecoupleMbusDeviceAdministrative is asked of "TESTG10240unknown"
    Then it ends with fault 201
    And the request is refused at once
