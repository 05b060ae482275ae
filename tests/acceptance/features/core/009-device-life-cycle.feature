Feature: 009 The lifecycle status of a device is noted, and a meter is talked to in each of them

  Scenario Outline: Every status
    Given the meter "TEST1024000000900" of "DSMR 4.2.2"
    When SetDeviceLifecycleStatus is asked of "TEST1024000000900" with
      | path                  | value    |
      | DeviceLifecycleStatus | <status> |
    Then the answer is OK
    And the registry has "TEST1024000000900" as <status>
    And its owner is told of a SET_DEVICE_LIFECYCLE_STATUS of "TEST1024000000900"
    When GetActualMeterReads is asked of "TEST1024000000900"
    Then the answer is OK

    Examples:
      | status                     |
      | NEW_IN_INVENTORY           |
      | READY_FOR_USE              |
      | REGISTERED                 |
      | REGISTERED_BUILD_IN_FAILED |
      | REGISTERED_INSTALL_FAILED  |
      | REGISTERED_UPDATE_FAILED   |
      | IN_USE                     |
      | RETURNED_TO_INVENTORY      |
      | UNDER_TEST                 |
      | DESTROYED                  |

  Scenario: A device that is not there
    When SetDeviceLifecycleStatus is asked of "TEST102400unknown" with
      | path                  | value  |
      | DeviceLifecycleStatus | IN_USE |
    Then it ends with fault 201

  Scenario: An organisation without authorisation
    Given the meter "TEST1024000000900" of "DSMR 4.2.2"
    When "GridTwo" asks SetDeviceLifecycleStatus of "TEST1024000000900" with
      | path                  | value  |
      | DeviceLifecycleStatus | IN_USE |
    Then it ends with fault 301
