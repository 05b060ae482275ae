Feature: 048 When a meter reports harmonic distortion is set in a bundle

  Scenario Outline: Versions that have it
    Given the meter "<device>" of "<version>"
    When Bundle is asked of "<device>" with
      | path                                                         | value |
      | Actions/1/SetThdConfigurationRequest/MinDurationNormalToOver | 1200  |
      | Actions/1/SetThdConfigurationRequest/MinDurationOverToNormal | 1080  |
      | Actions/1/SetThdConfigurationRequest/TimeThreshold           | 96000 |
      | Actions/1/SetThdConfigurationRequest/ValueHysteresis         | 5     |
      | Actions/1/SetThdConfigurationRequest/ValueThreshold          | 50    |
    Then the answer has
      | path                                | value                            |
      | value/1/ActionResponse/Result       | OK                               |
      | value/1/ActionResponse/resultString | THD Configuration was successful |
    And attribute 2 of 3 1.0.11.35.124.255 of "<device>" is now 50
    And attribute 2 of 3 0.1.94.31.21.255 of "<device>" is now 5
    And attribute 2 of 3 0.1.94.31.22.255 of "<device>" is now 1200
    And attribute 2 of 3 0.1.94.31.23.255 of "<device>" is now 1080
    And attribute 2 of 3 1.0.11.44.124.255 of "<device>" is now 96000

    Examples:
      | version | device            |
      | SMR 5.2 | TEST1029000000001 |
      | SMR 5.5 | TEST1030000000001 |

  Scenario Outline: Versions that do not
    Given the meter "<device>" of "<version>"
    When Bundle is asked of "<device>" with
      | path                                                         | value |
      | Actions/1/SetThdConfigurationRequest/MinDurationNormalToOver | 1200  |
      | Actions/1/SetThdConfigurationRequest/MinDurationOverToNormal | 1080  |
      | Actions/1/SetThdConfigurationRequest/TimeThreshold           | 96000 |
      | Actions/1/SetThdConfigurationRequest/ValueHysteresis         | 5     |
      | Actions/1/SetThdConfigurationRequest/ValueThreshold          | 50    |
    Then the answer has
      | path                          | value                                                                                                                          |
      | value/1/FaultResponse/Message | Error handling request with SetThdConfigurationCommandExecutor: No address found for THD_VALUE_THRESHOLD in protocol <version> |

    Examples:
      | version    | device            |
      | DSMR 2.2   | TEST1026000000001 |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 4.3    | TEST1031000000001 |
      | SMR 5.0.0  | TEST1027000000001 |
      | SMR 5.1    | TEST1028000000001 |
