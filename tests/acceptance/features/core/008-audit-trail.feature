Feature: 008 The message log of a device tells of every attempt that is followed by another

  Scenario: A meter that cannot be reached
    Given the meter "TEST1024000000802" of "DSMR 4.2.2" with
      | setting | value |
      | port    | 1     |
    When GetActualMeterReads is asked of "TEST1024000000802"
    Then it ends with fault 225
    And the message log of "TEST1024000000802" tells of retries 1 and 2
