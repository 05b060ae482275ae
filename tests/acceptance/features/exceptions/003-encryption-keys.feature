Feature: 003 Keys that are missing, that do not open or that are of a wrong length are told by code

  Scenario Outline: A meter is not added without each of its keys
    When AddDevice is asked of "TEST1024000000<number>" with
      | path                            | value                  |
      | Device/Device_Identification    | TEST1024000000<number> |
      | Device/protocolName             | DSMR                   |
      | Device/protocolVersion          | 4.2.2                  |
      | Device/Hls5_active              | true                   |
      | Device/<key>                    | a key                  |
      | Device/<other key>              | a key                  |
      | Device/Delivery_date            | 2026-01-05T00:00:00Z   |
      | Device/ChallengeLength          | 16                     |
      | DeviceModel/Manufacturer        | Test                   |
      | DeviceModel/ModelCode           | Test                   |
      | overwrite                       | false                  |
    Then it ends with fault 806 of PROTOCOL_DLMS because of "<kind>"
    And there is no device "TEST1024000000<number>"

    Examples:
      | number | key              | other key                     | kind                           |
      | 301    | Master_key       | Authentication_key            | E_METER_ENCRYPTION_KEY_UNICAST |
      | 302    | Master_key       | Global_encryption_unicast_key | E_METER_AUTHENTICATION_KEY     |
      | 303    | Authentication_key | Global_encryption_unicast_key | E_METER_MASTER_KEY           |

  Scenario Outline: A meter is not added with a key that does not open, or that is no AES-128 key
    When AddDevice is asked of "TEST1024000000<number>" with
      | path                                 | value                  |
      | Device/Device_Identification         | TEST1024000000<number> |
      | Device/protocolName                  | DSMR                   |
      | Device/protocolVersion               | 4.2.2                  |
      | Device/Hls5_active                   | true                   |
      | Device/Master_key                    | <master key>           |
      | Device/Authentication_key            | a key                  |
      | Device/Global_encryption_unicast_key | a key                  |
      | Device/Delivery_date                 | 2026-01-05T00:00:00Z   |
      | Device/ChallengeLength               | 16                     |
      | DeviceModel/Manufacturer             | Test                   |
      | DeviceModel/ModelCode                | Test                   |
      | overwrite                            | false                  |
    Then it ends with fault <code> of <component> because of "<words>"
    And there is no device "TEST1024000000<number>"

    Examples:
      | number | master key         | code | component             | words                                                            |
      | 304    | 256 strange octets | 804  | PROTOCOL_DLMS         | Unexpected exception during decryption of E_METER_MASTER key. |
      | 305    | a key of 15 octets | 802  | PROTOCOL_DLMS         | E_METER_MASTER_KEY                                               |

  Scenario: Keys of an electricity meter and of an M-Bus device exclude each other
    When AddDevice is asked of "TEST1024000000306" with
      | path                                 | value                |
      | Device/Device_Identification         | TEST1024000000306    |
      | Device/Device_type                   | SMART_METER_E        |
      | Device/protocolName                  | DSMR                 |
      | Device/protocolVersion               | 4.2.2                |
      | Device/Hls5_active                   | true                 |
      | Device/Master_key                    | a key                |
      | Device/Authentication_key            | a key                |
      | Device/Global_encryption_unicast_key | a key                |
      | Device/Mbus_default_key              | a key                |
      | Device/Delivery_date                 | 2026-01-05T00:00:00Z |
      | Device/ChallengeLength               | 16                   |
      | DeviceModel/Manufacturer             | Test                 |
      | DeviceModel/ModelCode                | Test                 |
      | overwrite                            | false                |
    Then it ends with fault 401 of DOMAIN_SMART_METERING because of "exclude each other"
    And there is no device "TEST1024000000306"

  Scenario Outline: Keys are not replaced by one that does not open, or that is no AES-128 key
    Given the meter "TEST1024000000307" of "<version>"
    When ReplaceKeys is asked of "TEST1024000000307" with
      | path                                 | value |
      | SetKeysRequestData/AuthenticationKey | <authentication key> |
      | SetKeysRequestData/EncryptionKey     | <encryption key>     |
    Then it ends with fault <code> of <component> because of "<kind>"
    When GetActualMeterReads is asked of "TEST1024000000307"
    Then the answer is OK

    Examples:
      | version    | authentication key | encryption key     | code | component             | kind                           |
      | DSMR 4.2.2 | 256 strange octets | a key              | 804  | PROTOCOL_DLMS         | decryption of E_METER_AUTHENTICATION key |
      | DSMR 4.2.2 | a key              | 256 strange octets | 804  | PROTOCOL_DLMS         | decryption of E_METER_ENCRYPTION key |
      | SMR 5.0.0  | 256 strange octets | a key              | 804  | PROTOCOL_DLMS         | decryption of E_METER_AUTHENTICATION key |
      | SMR 5.0.0  | a key of 24 octets | a key              | 802  | PROTOCOL_DLMS         | E_METER_AUTHENTICATION_KEY     |

  Scenario: Keys for a device that is not there
    When ReplaceKeys is asked of "TEST102400unknown" with
      | path                                 | value |
      | SetKeysRequestData/AuthenticationKey | a key |
      | SetKeysRequestData/EncryptionKey     | a key |
    Then it ends with fault 201
