Feature: C05 A device is taken out of the registry by those who may

  Scenario: An existing device
    Given the meter "TEST1024000010500" of "DSMR 4.2.2"
    When "GridOne" does RemoveDevice for "TEST1024000010500"
    Then it is done
    And there is no device "TEST1024000010500"

  Scenario: With an authorisation for installation alone
    Given the meter "TEST1024000010501" of "DSMR 4.2.2" for which "GridTwo" holds INSTALLATION alone
    When "GridTwo" does RemoveDevice for "TEST1024000010501"
    Then it is refused with UNAUTHORIZED because of "Organisation [GridTwo] is not authorized for action"

  Scenario: An unknown device
    When "GridOne" does RemoveDevice for "TEST102400unknown"
    Then it is refused with UNKNOWN_DEVICE because of "TEST102400unknown"

  Scenario: No device
    When "GridOne" does RemoveDevice for ""
    Then it is refused with VALIDATION_ERROR because of "device_identification"
