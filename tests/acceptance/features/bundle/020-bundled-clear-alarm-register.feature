Feature: 020 The alarm registers are cleared in a bundle

  Scenario Outline: Register 1
    Given the meter "TEST1024000000077" of "<version>"
    And attribute 2 of 1 0.0.97.98.0.255 of "TEST1024000000077" is double-long-unsigned 2
    When Bundle is asked of "TEST1024000000077" with
      | path                                | value |
      | Actions/1/ClearAlarmRegisterRequest | {}    |
    Then the answer tells "Clear alarm register was successful"
    And attribute 2 of 1 0.0.97.98.0.255 of "TEST1024000000077" is now 0

    Examples:
      | version |
      | DSMR 2.2 |
      | DSMR 4.2.2 |
      | SMR 4.3 |
      | SMR 5.0.0 |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |

  Scenario Outline: Register 2
    Given the meter "TEST1024000000077" of "<version>"
    And attribute 2 of 1 0.0.97.98.1.255 of "TEST1024000000077" is double-long-unsigned 2
    When Bundle is asked of "TEST1024000000077" with
      | path                                | value |
      | Actions/1/ClearAlarmRegisterRequest | {}    |
    Then the answer tells "Clear alarm register was successful"
    And attribute 2 of 1 0.0.97.98.1.255 of "TEST1024000000077" is now 0

    Examples:
      | version |
      | SMR 5.2 |
      | SMR 5.5 |

  Scenario: Register 3
    Given the meter "TEST1024000000077" of "SMR 5.5"
    And attribute 2 of 1 0.0.97.98.2.255 of "TEST1024000000077" is double-long-unsigned 2
    When Bundle is asked of "TEST1024000000077" with
      | path                                | value |
      | Actions/1/ClearAlarmRegisterRequest | {}    |
    Then the answer tells "Clear alarm register was successful"
    And attribute 2 of 1 0.0.97.98.2.255 of "TEST1024000000077" is now 0
