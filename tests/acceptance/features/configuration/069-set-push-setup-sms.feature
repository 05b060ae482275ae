Feature: 069 Where a meter calls after a wake-up SMS

  Scenario Outline: Versions that have it
    Given the meter "TEST1024000000069" of "<version>" with
      | setting              | value |
      | communication_method | <way> |
    When SetPushSetupSms is asked of "TEST1024000000069" with
      | path                                         | value     |
      | SetPushSetupSmsRequestData/PushSetupSms/Host | localhost |
      | SetPushSetupSmsRequestData/PushSetupSms/Port | 9598      |
    Then the answer is OK
    And the meter of "TEST1024000000069" calls "localhost:9598" as message type <type>

    Examples:
      | version    | way  | type |
      | DSMR 4.2.2 | GPRS | 128  |
      | DSMR 4.2.2 | CDMA | 128  |
      | SMR 4.3    | GPRS | 128  |
      | SMR 4.3    | CDMA | 128  |
      | SMR 5.0.0  | GPRS | 0    |
      | SMR 5.0.0  | CDMA | 0    |
      | SMR 5.1    | GPRS | 0    |
      | SMR 5.1    | CDMA | 0    |
      | SMR 5.2    | GPRS | 0    |
      | SMR 5.2    | CDMA | 0    |
      | SMR 5.5    | GPRS | 0    |
      | SMR 5.5    | CDMA | 0    |

  Scenario: DSMR 2.2 does not have it
    Given the meter "TEST1024000000069" of "DSMR 2.2"
    When SetPushSetupSms is asked of "TEST1024000000069" with
      | path                                         | value     |
      | SetPushSetupSmsRequestData/PushSetupSms/Host | localhost |
      | SetPushSetupSmsRequestData/PushSetupSms/Port | 9598      |
    Then the answer is NOT OK
