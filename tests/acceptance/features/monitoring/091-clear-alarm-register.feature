Feature: 091 Alarms are read and cleared

  Scenario: Register 1 is read
    Given the meter "TEST1027000000091" of "SMR 5.0.0"
    And attribute 2 of 1 0.0.97.98.0.255 of "TEST1027000000091" is double-long-unsigned 2
    When ReadAlarmRegister is asked of "TEST1027000000091"
    Then the answer tells "REPLACE_BATTERY"

  Scenario Outline: Register 1
    Given the meter "TEST1027000000091" of "<version>"
    And attribute 2 of 1 0.0.97.98.0.255 of "TEST1027000000091" is double-long-unsigned 2
    When ClearAlarmRegister is asked of "TEST1027000000091"
    Then the answer is OK
    And attribute 2 of 1 0.0.97.98.0.255 of "TEST1027000000091" is now 0

    Examples:
      | version    |
      | DSMR 2.2   |
      | DSMR 4.2.2 |
      | SMR 4.3    |
      | SMR 5.0.0  |
      | SMR 5.1    |

  Scenario: Registers 1 and 2
    Given the meter "TEST1027000000091" of "SMR 5.2"
    And attribute 2 of 1 0.0.97.98.0.255 of "TEST1027000000091" is double-long-unsigned 2
    And attribute 2 of 1 0.0.97.98.1.255 of "TEST1027000000091" is double-long-unsigned 2
    When ClearAlarmRegister is asked of "TEST1027000000091"
    Then the answer is OK
    And attribute 2 of 1 0.0.97.98.0.255 of "TEST1027000000091" is now 0
    And attribute 2 of 1 0.0.97.98.1.255 of "TEST1027000000091" is now 0

  Scenario: Registers 1, 2 and 3
    Given the meter "TEST1027000000091" of "SMR 5.5"
    And attribute 2 of 1 0.0.97.98.0.255 of "TEST1027000000091" is double-long-unsigned 2
    And attribute 2 of 1 0.0.97.98.1.255 of "TEST1027000000091" is double-long-unsigned 2
    And attribute 2 of 1 0.0.97.98.2.255 of "TEST1027000000091" is double-long-unsigned 2
    When ClearAlarmRegister is asked of "TEST1027000000091"
    Then the answer is OK
    And attribute 2 of 1 0.0.97.98.0.255 of "TEST1027000000091" is now 0
    And attribute 2 of 1 0.0.97.98.1.255 of "TEST1027000000091" is now 0
    And attribute 2 of 1 0.0.97.98.2.255 of "TEST1027000000091" is now 0
