Feature: 063 A meter gets the keys that come with the request

  Scenario Outline: New keys
    Given the meter "<device>" of "<version>"
    When ReplaceKeys is asked of "<device>" with
      | path                                 | value |
      | SetKeysRequestData/AuthenticationKey | a key |
      | SetKeysRequestData/EncryptionKey     | a key |
    Then the answer is OK
    And the keys of "<device>" are
      | key                            | ACTIVE | EXPIRED |
      | E_METER_AUTHENTICATION_KEY     | 1      | 1       |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 1       |
    And no key of "<device>" is stored as it came
    When GetActualMeterReads is asked of "<device>"
    Then the answer tells "KWH"
    And no nonce of "<device>" came twice

    Examples:
      | version    | device            |
      | DSMR 2.2   | TEST1026000063001 |
      | DSMR 4.2.2 | TEST1024000063001 |
      | SMR 4.3    | TEST1031000063001 |
      | SMR 5.0.0  | TEST1027000063001 |
      | SMR 5.1    | TEST1028000063001 |
      | SMR 5.2    | TEST1029000063001 |
      | SMR 5.5    | TEST1030000063001 |

  Scenario: In a bundle
    Given the meter "TEST1024000063011" of "DSMR 4.2.2"
    When Bundle is asked of "TEST1024000063011" with
      | path                                       | value |
      | Actions/1/SetKeysRequest/AuthenticationKey | a key |
      | Actions/1/SetKeysRequest/EncryptionKey     | a key |
    Then the answer has
      | path                                | value                                                    |
      | value/1/ActionResponse/resultString | Replace keys for device TEST1024000063011 was successful |
    And the keys of "TEST1024000063011" are
      | key                            | ACTIVE | EXPIRED |
      | E_METER_AUTHENTICATION_KEY     | 1      | 1       |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 1       |
    When GetActualMeterReads is asked of "TEST1024000063011"
    Then the answer tells "KWH"
    And no nonce of "TEST1024000063011" came twice

  Scenario: Again and again
    Given the meter "TEST1024000063012" of "SMR 5.0.0"
    When ReplaceKeys is asked of "TEST1024000063012" with
      | path                                 | value |
      | SetKeysRequestData/AuthenticationKey | a key |
      | SetKeysRequestData/EncryptionKey     | a key |
    Then the answer is OK
    When ReplaceKeys is asked of "TEST1024000063012" with
      | path                                 | value |
      | SetKeysRequestData/AuthenticationKey | a key |
      | SetKeysRequestData/EncryptionKey     | a key |
    Then the answer is OK
    And the keys of "TEST1024000063012" are
      | key                            | ACTIVE | EXPIRED |
      | E_METER_AUTHENTICATION_KEY     | 1      | 2       |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 2       |
    When GetActualMeterReads is asked of "TEST1024000063012"
    Then the answer tells "KWH"
    And no nonce of "TEST1024000063012" came twice

  Scenario: Keys that were not encrypted for the platform
    Given the meter "TEST1024000063013" of "DSMR 4.2.2"
    When ReplaceKeys is asked of "TEST1024000063013" with
      | path                                 | value              |
      | SetKeysRequestData/AuthenticationKey | 256 strange octets |
      | SetKeysRequestData/EncryptionKey     | 256 strange octets |
    Then it ends with fault 804 of PROTOCOL_DLMS because of "Unexpected exception during decryption of"
    And the keys of "TEST1024000063013" are
      | key                            | ACTIVE | NEW | EXPIRED | WITHDRAWN |
      | E_METER_AUTHENTICATION_KEY     | 1      | 0   | 0       | 0         |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 0   | 0       | 0         |
    When GetActualMeterReads is asked of "TEST1024000063013"
    Then the answer tells "KWH"
    And no nonce of "TEST1024000063013" came twice

  Scenario: Keys of another length
    Given the meter "TEST1024000063014" of "DSMR 4.2.2"
    When ReplaceKeys is asked of "TEST1024000063014" with
      | path                                 | value             |
      | SetKeysRequestData/AuthenticationKey | a key of 8 octets |
      | SetKeysRequestData/EncryptionKey     | a key of 8 octets |
    Then it ends with fault 802
    And the keys of "TEST1024000063014" are
      | key                            | ACTIVE | NEW |
      | E_METER_AUTHENTICATION_KEY     | 1      | 0   |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      | 0   |

  Scenario: The meter refuses
    Given the meter "TEST1024000063015" of "DSMR 4.2.2"
    And the meter of "TEST1024000063015" refuses new keys
    When ReplaceKeys is asked of "TEST1024000063015" with
      | path                                 | value |
      | SetKeysRequestData/AuthenticationKey | a key |
      | SetKeysRequestData/EncryptionKey     | a key |
      | @BypassRetry                         | TRUE  |
    Then it has failed with "AccessResultCode for replace keys was not SUCCESS: OTHER_REASON"
    And the keys of "TEST1024000063015" are
      | key                            | ACTIVE |
      | E_METER_AUTHENTICATION_KEY     | 1      |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      |
    When GetActualMeterReads is asked of "TEST1024000063015"
    Then the answer tells "KWH"
    And no nonce of "TEST1024000063015" came twice
