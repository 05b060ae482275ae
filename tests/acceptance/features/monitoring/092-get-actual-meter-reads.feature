Feature: 092 The registers of a meter are read

  Scenario Outline: An electricity meter
    Given the meter "<device>" of "<version>"
    When GetActualMeterReads is asked of "<device>"
    Then the answer tells "KWH"

    Examples:
      | version    | device            |
      | DSMR 2.2   | KTEST10260000001  |
      | DSMR 2.2   | ZTEST10260000001  |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 4.3    | TEST1024000000001 |
      | SMR 5.0.0  | TEST1024000000001 |
      | SMR 5.1    | TEST1024000000001 |
      | SMR 5.2    | TEST1024000000001 |
      | SMR 5.5    | TEST1024000000001 |

  Scenario Outline: A gas meter
    Given the meter "TEST1024000000001" of "<version>"
    And the gas meter "<device>" is coupled on channel 1 of "TEST1024000000001"
    When GetActualMeterReadsGas is asked of "<device>"
    Then the answer tells "M3"

    Examples:
      | version    | device            |
      | DSMR 2.2   | TESTG102400000001 |
      | DSMR 4.2.2 | TESTG102400000001 |
      | SMR 4.3    | TESTG102400000001 |
      | SMR 5.0.0  | TESTG102400000001 |
      | SMR 5.1    | TESTG102400000001 |
      | SMR 5.2    | TESTG102400000001 |
      | SMR 5.5    | TESTG102400000001 |
      | SMR 5.5    | TESTW102400000001 |

  Scenario: A meter that is not in use
    Given the meter "E9998000014123414" of "DSMR 4.2.2"
    And the status of "E9998000014123414" is NEW_IN_INVENTORY
    When GetActualMeterReads is asked of "E9998000014123414"
    Then the answer tells "KWH"
