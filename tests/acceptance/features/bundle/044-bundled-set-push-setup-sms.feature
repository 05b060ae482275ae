Feature: 044 Where a meter calls after a wake-up SMS is set in a bundle

  Scenario Outline: Versions that have it
    Given the meter "TEST1024000000077" of "<version>"
    When Bundle is asked of "TEST1024000000077" with
      | path                                               | value     |
      | Actions/1/SetPushSetupSmsRequest/PushSetupSms/Host | localhost |
      | Actions/1/SetPushSetupSmsRequest/PushSetupSms/Port | 9598      |
    Then the answer tells "Setting push setup SMS was successful"

    Examples:
      | version |
      | DSMR 4.2.2 |
      | SMR 5.0.0 |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |

  Scenario: DSMR 2.2 does not
    Given the meter "TEST1024000000077" of "DSMR 2.2"
    When Bundle is asked of "TEST1024000000077" with
      | path                                               | value     |
      | Actions/1/SetPushSetupSmsRequest/PushSetupSms/Host | localhost |
      | Actions/1/SetPushSetupSmsRequest/PushSetupSms/Port | 9598      |
    Then the answer tells "Error handling request with SetPushSetupSmsCommandExecutor: No address found for PUSH_SETUP_SMS in protocol DSMR 2.2"

  Scenario Outline: A meter that is called by GPRS
    Given the meter "TEST1024000000077" of "<version>" with
      | setting              | value |
      | communication_method | GPRS  |
    When Bundle is asked of "TEST1024000000077" with
      | path                                               | value     |
      | Actions/1/SetPushSetupSmsRequest/PushSetupSms/Host | localhost |
      | Actions/1/SetPushSetupSmsRequest/PushSetupSms/Port | 9598      |
    Then the answer tells "Setting push setup SMS was successful"

    Examples:
      | version |
      | DSMR 4.2.2 |
      | SMR 5.0.0 |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |
