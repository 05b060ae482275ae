Feature: 052 Stored results are deleted

  Scenario: A result that is there
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When GetAdministrativeStatus is asked of "TEST1024000000001"
    And its result is deleted
    Then the answer is OK
    And its result is gone

  Scenario: A correlation uid that can be none
    When the result "notexist" is deleted
    Then it ends with the fault "Validation error"

  Scenario: A result that is not there
    When the result "GridOne-TEST1024000000001-20150901000000000-666666666" is deleted
    Then it ends with fault 405

  Scenario: A result that was deleted before
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When GetAdministrativeStatus is asked of "TEST1024000000001"
    And its result is deleted
    And its result is deleted
    Then it ends with fault 405

  Scenario: A bundle's answer stays when it is fetched
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When Bundle is asked of "TEST1024000000001" with
      | path                                 | value |
      | Actions/1/GetActualMeterReadsRequest | {}    |
    Then the answer tells "KWH"
    And its result is still stored

  Scenario Outline: A single answer stays when it is fetched
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    And the M-Bus device "<mbus>"
    And "<mbus>" is coupled on channel 1 of "TEST1024000000001"
    When GetActualMeterReadsGas is asked of "<mbus>"
    Then the answer tells "M3"
    And its result is still stored

    Examples:
      | mbus              |
      | TESTG102400000001 |
      | TESTW102400000001 |
