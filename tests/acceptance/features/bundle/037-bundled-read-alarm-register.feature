Feature: 037 The alarm registers are read in a bundle

  Scenario Outline: One action
    Given the meter "TEST1024000000077" of "<version>"
    And attribute 2 of 1 0.0.97.98.0.255 of "TEST1024000000077" is double-long-unsigned 2
    When Bundle is asked of "TEST1024000000077" with
      | path                               | value |
      | Actions/1/ReadAlarmRegisterRequest | {}    |
    Then the answer tells "REPLACE_BATTERY"

    Examples:
      | version |
      | DSMR 2.2 |
      | DSMR 4.2.2 |
      | SMR 4.3 |
      | SMR 5.0.0 |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |
