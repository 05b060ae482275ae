Feature: 054 Time zone and daylight saving of a meter's clock

  Scenario Outline: All versions have it
    Given the meter "TEST1024000000054" of "<version>"
    When SetClockConfiguration is asked of "TEST1024000000054" with
      | path                                             | value                    |
      | SetClockConfigurationData/TimeZoneOffset         | -60                      |
      | SetClockConfigurationData/DaylightSavingsBegin   | FFFF03FE0702000000FFC400 |
      | SetClockConfigurationData/DaylightSavingsEnd     | FFFF0AFE0703000000FF8880 |
      | SetClockConfigurationData/DaylightSavingsEnabled | <enabled>                |
    Then the answer is OK
    And attribute 3 of 8 0.0.1.0.0.255 of "TEST1024000000054" is now -60
    And attribute 5 of 8 0.0.1.0.0.255 of "TEST1024000000054" is now ffff03fe0702000000ffc400
    And attribute 6 of 8 0.0.1.0.0.255 of "TEST1024000000054" is now ffff0afe0703000000ff8880
    And attribute 8 of 8 0.0.1.0.0.255 of "TEST1024000000054" is now <enabled>

    Examples:
      | version    | enabled |
      | DSMR 2.2   | true    |
      | DSMR 4.2.2 | true    |
      | SMR 4.3    | true    |
      | SMR 5.0.0  | true    |
      | SMR 5.1    | true    |
      | SMR 5.2    | true    |
      | SMR 5.5    | true    |
      | DSMR 4.2.2 | false   |
      | SMR 5.0.0  | false   |

  Scenario: An offset that no zone has
    Given the meter "TEST1024000000054" of "DSMR 4.2.2"
    When SetClockConfiguration is asked of "TEST1024000000054" with
      | path                                             | value                    |
      | SetClockConfigurationData/TimeZoneOffset         | 721                      |
      | SetClockConfigurationData/DaylightSavingsBegin   | FFFF03FE0702000000FFC400 |
      | SetClockConfigurationData/DaylightSavingsEnd     | FFFF0AFE0703000000FF8880 |
      | SetClockConfigurationData/DaylightSavingsEnabled | true                     |
    Then the request breaks the schema
