Feature: 070 A meter may send its last gasp at any time

  Scenario: SMR 5.5
    Given the meter "TEST1030000000070" of "SMR 5.5"
    When SetPushSetupUdp is asked of "TEST1030000000070"
    Then the answer is OK
    And the meter of "TEST1030000000070" has no window for its last gasp

  Scenario Outline: Other versions do not have it
    Given the meter "TEST1030000000070" of "<version>"
    When SetPushSetupUdp is asked of "TEST1030000000070"
    Then the answer is NOT OK

    Examples:
      | version    |
      | SMR 5.2    |
      | SMR 5.1    |
      | SMR 5.0.0  |
      | DSMR 4.2.2 |
