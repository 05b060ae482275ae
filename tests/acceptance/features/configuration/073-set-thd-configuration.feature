Feature: 073 When a meter reports harmonic distortion

  Scenario Outline: Versions that have it
    Given the meter "TEST1024000000077" of "<version>"
    When SetThdConfiguration is asked of "TEST1024000000077" with
      | path                                                   | value |
      | SetThdConfigurationRequestData/MinDurationNormalToOver | 1200  |
      | SetThdConfigurationRequestData/MinDurationOverToNormal | 1080  |
      | SetThdConfigurationRequestData/TimeThreshold           | 96000 |
      | SetThdConfigurationRequestData/ValueHysteresis         | 5     |
      | SetThdConfigurationRequestData/ValueThreshold          | 50    |
    Then the answer is OK
    And attribute 2 of 3 1.0.11.35.124.255 of "TEST1024000000077" is now 50
    And attribute 2 of 3 0.1.94.31.21.255 of "TEST1024000000077" is now 5
    And attribute 2 of 3 0.1.94.31.22.255 of "TEST1024000000077" is now 1200
    And attribute 2 of 3 0.1.94.31.23.255 of "TEST1024000000077" is now 1080
    And attribute 2 of 3 1.0.11.44.124.255 of "TEST1024000000077" is now 96000

    Examples:
      | version |
      | SMR 5.2 |
      | SMR 5.5 |

  Scenario Outline: Versions that do not
    Given the meter "TEST1024000000077" of "<version>"
    When SetThdConfiguration is asked of "TEST1024000000077" with
      | path                                                   | value |
      | SetThdConfigurationRequestData/MinDurationNormalToOver | 1200  |
      | SetThdConfigurationRequestData/MinDurationOverToNormal | 1080  |
      | SetThdConfigurationRequestData/TimeThreshold           | 96000 |
      | SetThdConfigurationRequestData/ValueHysteresis         | 5     |
      | SetThdConfigurationRequestData/ValueThreshold          | 50    |
    Then the answer is NOT OK

    Examples:
      | version    |
      | DSMR 2.2   |
      | DSMR 4.2.2 |
      | SMR 4.3    |
      | SMR 5.0.0  |
      | SMR 5.1    |
