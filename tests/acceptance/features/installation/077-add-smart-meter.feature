Feature: 077 A meter is added

  Scenario Outline: With its three keys
    Given nobody knows "<device>"
    When a new meter of "<version>" in time zone "<zone>" is added as "<device>"
    Then the answer is OK
    And the registry knows of "<device>"
      | what                   | value         |
      | device_type            | SMART_METER_E |
      | communication_method   | GPRS          |
      | communication_provider | KPN           |
      | icc_id                 | 1234          |
      | lls1_active            | False         |
      | hls5_active            | True          |
      | manufacturer           | Test          |
      | model_code             | Test          |
      | time_zone              | <zone>        |
    And the keys of "<device>" are
      | key                            | ACTIVE |
      | E_METER_MASTER_KEY             | 1      |
      | E_METER_AUTHENTICATION_KEY     | 1      |
      | E_METER_ENCRYPTION_KEY_UNICAST | 1      |
    And no key of "<device>" is stored as it came
    When "<device>" can be reached
    And GetActualMeterReads is asked of "<device>"
    Then the answer tells "KWH"

    Examples:
      | version    | device            | zone             |
      | DSMR 4.2.2 | TEST1024000000077 | Europe/Amsterdam |
      | DSMR 4.2.2 | TEST1024000000177 | none             |
      | SMR 4.3    | TEST1031000000077 | Europe/Amsterdam |
      | SMR 5.0.0  | TEST1027000000077 | Europe/Amsterdam |
      | SMR 5.1    | TEST1028000000077 | Europe/Amsterdam |
      | SMR 5.2    | TEST1029000000077 | Europe/Amsterdam |
      | SMR 5.5    | TEST1030000000077 | Europe/Amsterdam |

  Scenario: Keys that were not encrypted for the platform
    Given nobody knows "TEST1024000000078"
    When AddDevice is asked of "TEST1024000000078" with
      | path                                 | value                |
      | Device/Device_type                   | SMART_METER_E        |
      | Device/Communication_method          | GPRS                 |
      | Device/Communication_provider        | KPN                  |
      | Device/Icc_id                        | 1234                 |
      | Device/Hls5_active                   | true                 |
      | Device/Delivery_date                 | 2026-01-05T00:00:00Z |
      | Device/ChallengeLength               | 16                   |
      | Device/IpAddressIsStatic             | true                 |
      | DeviceModel/Manufacturer             | Test                 |
      | DeviceModel/ModelCode                | Test                 |
      | overwrite                            | false                |
      | Device/protocolName                  | DSMR                 |
      | Device/protocolVersion               | 4.2.2                |
      | Device/Master_key                    | 256 strange octets   |
      | Device/Authentication_key            | 256 strange octets   |
      | Device/Global_encryption_unicast_key | 256 strange octets   |
    Then it ends with fault 804 of PROTOCOL_DLMS because of "Unexpected exception during decryption of E_METER_MASTER key."
    And there is no device "TEST1024000000078"

  Scenario: A protocol variant that nobody knows
    Given nobody knows "TEST1030000000079"
    When AddDevice is asked of "TEST1030000000079" with
      | path                                 | value                |
      | Device/Device_type                   | SMART_METER_E        |
      | Device/Communication_method          | GPRS                 |
      | Device/Communication_provider        | KPN                  |
      | Device/Icc_id                        | 1234                 |
      | Device/Hls5_active                   | true                 |
      | Device/Delivery_date                 | 2026-01-05T00:00:00Z |
      | Device/ChallengeLength               | 16                   |
      | Device/IpAddressIsStatic             | true                 |
      | DeviceModel/Manufacturer             | Test                 |
      | DeviceModel/ModelCode                | Test                 |
      | overwrite                            | false                |
      | Device/protocolName                  | SMR                  |
      | Device/protocolVersion               | 5.5                  |
      | Device/protocolVariant               | zzzz                 |
      | Device/Master_key                    | a key                |
      | Device/Authentication_key            | a key                |
      | Device/Global_encryption_unicast_key | a key                |
    Then the answer is OK
    And the registry knows of "TEST1030000000079"
      | what             | value |
      | protocol_name    | SMR   |
      | protocol_version | 5.5   |
      | protocol_variant | none  |
