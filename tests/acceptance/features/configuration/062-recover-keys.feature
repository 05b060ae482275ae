Feature: 062 A meter that took keys of which nobody heard is found again

  Scenario Outline: An authentication key
    Given the meter "<device>" of "<version>"
    And the line of "<device>" breaks after its meter takes a new authentication key
    When ReplaceKeys is asked of "<device>" with
      | path                                 | value |
      | SetKeysRequestData/AuthenticationKey | a key |
      | SetKeysRequestData/EncryptionKey     | a key |
      | @BypassRetry                         | TRUE  |
    Then it has failed
    And the keys of "<device>" are
      | key                            | ACTIVE | NEW |
      | E_METER_AUTHENTICATION_KEY     | 1      | 1   |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 1   |
    When GetActualMeterReads is asked of "<device>"
    Then the answer tells "KWH"
    And the keys of "<device>" are
      | key                        | ACTIVE | NEW | EXPIRED |
      | E_METER_AUTHENTICATION_KEY | 1      | 0   | 1       |
    And no nonce of "<device>" came twice

    Examples:
      | version    | device            |
      | DSMR 2.2   | TEST1026000062001 |
      | DSMR 4.2.2 | TEST1024000062001 |
      | SMR 4.3    | TEST1031000062001 |
      | SMR 5.0.0  | TEST1027000062001 |
      | SMR 5.1    | TEST1028000062001 |
      | SMR 5.2    | TEST1029000062001 |
      | SMR 5.5    | TEST1030000062001 |

  Scenario: An encryption key, before others are given
    Given the meter "TEST1024000062011" of "DSMR 4.2.2"
    And the line of "TEST1024000062011" breaks after its meter takes a new encryption key
    When ReplaceKeys is asked of "TEST1024000062011" with
      | path                                 | value |
      | SetKeysRequestData/AuthenticationKey | a key |
      | SetKeysRequestData/EncryptionKey     | a key |
      | @BypassRetry                         | TRUE  |
    Then it has failed
    When ReplaceKeys is asked of "TEST1024000062011" with
      | path                                 | value |
      | SetKeysRequestData/AuthenticationKey | a key |
      | SetKeysRequestData/EncryptionKey     | a key |
    Then the answer is OK
    And the keys of "TEST1024000062011" are
      | key                            | ACTIVE | EXPIRED |
      | E_METER_AUTHENTICATION_KEY     | 1      | 2       |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 2       |
    When GetActualMeterReads is asked of "TEST1024000062011"
    Then the answer tells "KWH"
    And no nonce of "TEST1024000062011" came twice

  Scenario: An encryption key, before others are made
    Given the meter "TEST1024000062012" of "DSMR 4.2.2"
    And the line of "TEST1024000062012" breaks after its meter takes a new encryption key
    When ReplaceKeys is asked of "TEST1024000062012" with
      | path                                 | value |
      | SetKeysRequestData/AuthenticationKey | a key |
      | SetKeysRequestData/EncryptionKey     | a key |
      | @BypassRetry                         | TRUE  |
    Then it has failed
    When GenerateAndReplaceKeys is asked of "TEST1024000062012"
    Then the answer is OK
    And the keys of "TEST1024000062012" are
      | key                            | ACTIVE | EXPIRED |
      | E_METER_AUTHENTICATION_KEY     | 1      | 2       |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 2       |
    When GetActualMeterReads is asked of "TEST1024000062012"
    Then the answer tells "KWH"
    And no nonce of "TEST1024000062012" came twice
