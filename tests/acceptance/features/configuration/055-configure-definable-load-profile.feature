Feature: 055 The definable load profile of a meter

  Scenario: One capture object
    Given the meter "TEST1024000000077" of "DSMR 4.2.2"
    When ConfigureDefinableLoadProfile is asked of "TEST1024000000077" with
      | path                                                                                | value |
      | DefinableLoadProfileConfigurationData/CaptureObjects/CaptureObject/1/ClassId        | 3     |
      | DefinableLoadProfileConfigurationData/CaptureObjects/CaptureObject/1/LogicalName/a  | 1     |
      | DefinableLoadProfileConfigurationData/CaptureObjects/CaptureObject/1/LogicalName/b  | 0     |
      | DefinableLoadProfileConfigurationData/CaptureObjects/CaptureObject/1/LogicalName/c  | 32    |
      | DefinableLoadProfileConfigurationData/CaptureObjects/CaptureObject/1/LogicalName/d  | 7     |
      | DefinableLoadProfileConfigurationData/CaptureObjects/CaptureObject/1/LogicalName/e  | 0     |
      | DefinableLoadProfileConfigurationData/CaptureObjects/CaptureObject/1/LogicalName/f  | 255   |
      | DefinableLoadProfileConfigurationData/CaptureObjects/CaptureObject/1/AttributeIndex | 2     |
      | DefinableLoadProfileConfigurationData/CaptureObjects/CaptureObject/1/DataIndex      | 0     |
    Then the answer is OK
    And the definable profile of "TEST1024000000077" now captures
      | class | name           | attribute | index |
      | 8     | 0.0.1.0.0.255  | 2         | 0     |
      | 3     | 1.0.32.7.0.255 | 2         | 0     |

  Scenario: The capture period
    Given the meter "TEST1024000000077" of "DSMR 4.2.2"
    When ConfigureDefinableLoadProfile is asked of "TEST1024000000077" with
      | path                                                | value |
      | DefinableLoadProfileConfigurationData/CapturePeriod | 3600  |
    Then the answer is OK
    And attribute 4 of 7 0.1.94.31.6.255 of "TEST1024000000077" is now 3600
