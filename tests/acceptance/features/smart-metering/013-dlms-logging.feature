Feature: 013 What is said to a meter is kept while it is in debug mode, and only then

  Scenario: In debug mode
    Given the meter "TEST1024000001301" of "DSMR 4.2.2"
    When EnableDebugging is asked of "TEST1024000001301"
    Then the answer is OK
    When GetAdministrativeStatus is asked of "TEST1024000001301"
    Then the answer is OK
    And the message log of "TEST1024000001301" tells of what came in
    And the message log of "TEST1024000001301" tells of what went out

  Scenario: Before and after
    Given the meter "TEST1024000001302" of "DSMR 4.2.2"
    When GetAdministrativeStatus is asked of "TEST1024000001302"
    Then the answer is OK
    When debug mode begins for "TEST1024000001302"
    And GetActualMeterReads is asked of "TEST1024000001302"
    Then the answer is OK
    And the message log of "TEST1024000001302" tells of what came in
    And the message log of "TEST1024000001302" tells of nothing before debug mode

  Scenario: Nobody else reads it
    Given the meter "TEST1024000001303" of "DSMR 4.2.2"
    When "GridTwo" asks FindMessageLogs of "TEST1024000001303" with
      | path | value |
      | Page | 0     |
    Then it ends with fault 301
