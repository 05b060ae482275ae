Feature: 096 What the platform notices of a meter by itself

  Scenario Outline: The invocation counter comes near its end
    Given the meter "<device>" of "<version>"
    And attribute 2 of 1 0.0.43.1.0.255 of "<device>" is double-long-unsigned 2000000000
    When GetActualMeterReads is asked of "<device>"
    Then the answer tells "KWH"
    And a system event of "<device>" is told
    Then the answer has
      | path                 | value                                |
      | SystemEventType      | INVOCATION_COUNTER_THRESHOLD_REACHED |
      | DeviceIdentification | <device>                             |

    Examples:
      | version   | device            |
      | SMR 5.0.0 | TEST1027000096001 |
      | SMR 5.5   | TEST1030000096001 |

  Scenario: It is far from its end
    Given the meter "TEST1027000096002" of "SMR 5.0.0"
    When GetActualMeterReads is asked of "TEST1027000096002"
    Then the answer tells "KWH"
    And no system event of "TEST1027000096002" is told
