Feature: 076 An M-Bus device is added

  Scenario Outline: With its four keys
    Given nobody knows "<device>"
    When AddDevice is asked of "<device>" with
      | path                                           | value                |
      | Device/Device_type                             | <type>               |
      | Device/protocolName                            | DSMR                 |
      | Device/protocolVersion                         | 4.2.2                |
      | Device/Delivery_date                           | 2026-01-05T00:00:00Z |
      | Device/Mbus_identification_number              | 12056731             |
      | Device/Mbus_manufacturer_identification        | LGB                  |
      | Device/Mbus_version                            | 66                   |
      | Device/Mbus_device_type_identification         | 3                    |
      | Device/Mbus_default_key                        | a key                |
      | Device/Mbus_user_key                           | a key                |
      | Device/Mbus_firmware_update_authentication_key | a key                |
      | Device/Mbus_p0_key                             | a key                |
      | Device/ChallengeLength                         | 16                   |
      | DeviceModel/Manufacturer                       | Test                 |
      | DeviceModel/ModelCode                          | Test                 |
      | overwrite                                      | false                |
    Then the answer is OK
    And the registry knows of "<device>"
      | what                             | value    |
      | device_type                      | <type>   |
      | mbus_identification_number       | 12056731 |
      | mbus_manufacturer_identification | LGB      |
      | mbus_version                     | 66       |
      | mbus_device_type_identification  | 3        |
      | manufacturer                     | Test     |
      | model_code                       | Test     |
      | time_zone                        | none     |
    And the keys of "<device>" are
      | key                                        | ACTIVE |
      | G_METER_MASTER_KEY                         | 1      |
      | G_METER_ENCRYPTION_KEY                     | 1      |
      | G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY | 1      |
      | G_METER_OPTICAL_PORT_KEY                   | 1      |
    And no key of "<device>" is stored as it came

    Examples:
      | device            | type          |
      | TESTG101205673117 | SMART_METER_G |
      | TESTW101205673117 | SMART_METER_W |

  Scenario: Without one of the keys
    Given nobody knows "TESTG101205673117"
    When AddDevice is asked of "TESTG101205673117" with
      | path                                           | value                |
      | Device/Device_type                             | SMART_METER_G        |
      | Device/protocolName                            | DSMR                 |
      | Device/protocolVersion                         | 4.2.2                |
      | Device/Delivery_date                           | 2026-01-05T00:00:00Z |
      | Device/Mbus_identification_number              | 12056731             |
      | Device/Mbus_manufacturer_identification        | LGB                  |
      | Device/Mbus_version                            | 66                   |
      | Device/Mbus_device_type_identification         | 3                    |
      | Device/Mbus_default_key                        | a key                |
      | Device/Mbus_user_key                           | a key                |
      | Device/Mbus_firmware_update_authentication_key | a key                |
      | Device/ChallengeLength                         | 16                   |
      | DeviceModel/Manufacturer                       | Test                 |
      | DeviceModel/ModelCode                          | Test                 |
      | overwrite                                      | false                |
    Then it ends with fault 806
    And there is no device "TESTG101205673117"
