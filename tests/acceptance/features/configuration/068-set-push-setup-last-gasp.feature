Feature: 068 Where a meter sends its last gasp

  Scenario: SMR 5.5
    Given the meter "TEST1024000000077" of "SMR 5.5"
    When SetPushSetupLastGasp is asked of "TEST1024000000077" with
      | path                                                   | value     |
      | SetPushSetupLastGaspRequestData/PushSetupLastGasp/Host | localhost |
      | SetPushSetupLastGaspRequestData/PushSetupLastGasp/Port | 9598      |
    Then the answer is OK
    And the meter of "TEST1024000000077" sends its last gasp to "localhost:9598"

  Scenario Outline: Other versions do not have it
    Given the meter "TEST1024000000077" of "<version>" with
      | setting              | value |
      | communication_method | GPRS  |
    When SetPushSetupLastGasp is asked of "TEST1024000000077" with
      | path                                                   | value     |
      | SetPushSetupLastGaspRequestData/PushSetupLastGasp/Host | localhost |
      | SetPushSetupLastGaspRequestData/PushSetupLastGasp/Port | 9598      |
    Then the answer is NOT OK

    Examples:
      | version    |
      | SMR 5.2    |
      | SMR 5.1    |
      | SMR 5.0.0  |
      | DSMR 4.2.2 |
