Feature: 058 A meter gets keys that the platform makes

  Scenario Outline: New keys
    Given the meter "<device>" of "<version>"
    When GenerateAndReplaceKeys is asked of "<device>"
    Then the answer is OK
    And the keys of "<device>" are
      | key                            | ACTIVE | EXPIRED |
      | E_METER_AUTHENTICATION_KEY     | 1      | 1       |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 1       |
    When GetActualMeterReads is asked of "<device>"
    Then the answer tells "KWH"
    And no nonce of "<device>" came twice

    Examples:
      | version    | device            |
      | DSMR 2.2   | TEST1026000058001 |
      | DSMR 4.2.2 | TEST1024000058001 |
      | SMR 4.3    | TEST1031000058001 |
      | SMR 5.0.0  | TEST1027000058001 |
      | SMR 5.1    | TEST1028000058001 |
      | SMR 5.2    | TEST1029000058001 |
      | SMR 5.5    | TEST1030000058001 |

  Scenario: Others were on their way
    Given the meter "TEST1024000058011" of "DSMR 4.2.2"
    And the line of "TEST1024000058011" breaks before its meter takes a new authentication key
    When ReplaceKeys is asked of "TEST1024000058011" with
      | path                                 | value |
      | SetKeysRequestData/AuthenticationKey | a key |
      | SetKeysRequestData/EncryptionKey     | a key |
      | @BypassRetry                         | TRUE  |
    Then it has failed
    And the keys of "TEST1024000058011" are
      | key                            | ACTIVE | NEW |
      | E_METER_AUTHENTICATION_KEY     | 1      | 1   |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 1   |
    When GenerateAndReplaceKeys is asked of "TEST1024000058011"
    Then the answer is OK
    And the keys of "TEST1024000058011" are
      | key                            | ACTIVE | EXPIRED | WITHDRAWN |
      | E_METER_AUTHENTICATION_KEY     | 1      | 1       | 1         |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 1       | 1         |
    When GetActualMeterReads is asked of "TEST1024000058011"
    Then the answer tells "KWH"
    And no nonce of "TEST1024000058011" came twice

  Scenario: Others were on their way, and others before them
    Given the meter "TEST1024000058012" of "DSMR 4.2.2"
    And the line of "TEST1024000058012" breaks before its meter takes a new authentication key
    When ReplaceKeys is asked of "TEST1024000058012" with
      | path                                 | value |
      | SetKeysRequestData/AuthenticationKey | a key |
      | SetKeysRequestData/EncryptionKey     | a key |
      | @BypassRetry                         | TRUE  |
    Then it has failed
    Given the line of "TEST1024000058012" breaks 3 times before its meter takes a new authentication key
    When ReplaceKeys is asked of "TEST1024000058012" with
      | path                                 | value |
      | SetKeysRequestData/AuthenticationKey | a key |
      | SetKeysRequestData/EncryptionKey     | a key |
    Then it has failed
    And the keys of "TEST1024000058012" are
      | key                            | ACTIVE | NEW | WITHDRAWN |
      | E_METER_AUTHENTICATION_KEY     | 1      | 1   | 1         |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 1   | 1         |
    When GenerateAndReplaceKeys is asked of "TEST1024000058012"
    Then the answer is OK
    And the keys of "TEST1024000058012" are
      | key                            | ACTIVE | EXPIRED | WITHDRAWN |
      | E_METER_AUTHENTICATION_KEY     | 1      | 1       | 2         |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 1       | 2         |
    When GetActualMeterReads is asked of "TEST1024000058012"
    Then the answer tells "KWH"
    And no nonce of "TEST1024000058012" came twice

  Scenario: Three requests at once
    Given the meter "TEST1024000058013" of "DSMR 4.2.2"
    When GenerateAndReplaceKeys is asked 3 times at once of "TEST1024000058013"
    Then all of them are OK
    And the keys of "TEST1024000058013" are
      | key                            | ACTIVE | EXPIRED |
      | E_METER_AUTHENTICATION_KEY     | 1      | 3       |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 3       |
    When GetActualMeterReads is asked of "TEST1024000058013"
    Then the answer tells "KWH"
    And no nonce of "TEST1024000058013" came twice

  Scenario: Three actions of a bundle
    Given the meter "TEST1024000058014" of "DSMR 4.2.2"
    When Bundle is asked of "TEST1024000058014" with
      | path                                    | value |
      | Actions/1/GenerateAndReplaceKeysRequest | {}    |
      | Actions/2/GenerateAndReplaceKeysRequest | {}    |
      | Actions/3/GenerateAndReplaceKeysRequest | {}    |
    Then the answer has
      | path                                | value                                                    |
      | value/1/ActionResponse/resultString | Replace keys for device TEST1024000058014 was successful |
      | value/2/ActionResponse/resultString | Replace keys for device TEST1024000058014 was successful |
      | value/3/ActionResponse/resultString | Replace keys for device TEST1024000058014 was successful |
    And the keys of "TEST1024000058014" are
      | key                            | ACTIVE | EXPIRED |
      | E_METER_AUTHENTICATION_KEY     | 1      | 3       |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 3       |
    When GetActualMeterReads is asked of "TEST1024000058014"
    Then the answer tells "KWH"
    And no nonce of "TEST1024000058014" came twice
