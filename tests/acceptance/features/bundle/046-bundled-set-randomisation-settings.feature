Feature: 046 How a meter delays its registration is set in a bundle

  Scenario: Direct attachment
    Given the meter "TEST1024000000077" of "SMR 5.1"
    When Bundle is asked of "TEST1024000000077" with
      | path                                                               | value |
      | Actions/1/SetRandomisationSettingsRequest/directAttach             | 1     |
      | Actions/1/SetRandomisationSettingsRequest/randomisationStartWindow | 1     |
      | Actions/1/SetRandomisationSettingsRequest/multiplicationFactor     | 1     |
      | Actions/1/SetRandomisationSettingsRequest/numberOfRetries          | 1     |
    Then the answer tells "Set Randomisation Settings was successful."

  Scenario Outline: A start window
    Given the meter "TEST1024000000077" of "<version>"
    When Bundle is asked of "TEST1024000000077" with
      | path                                                               | value |
      | Actions/1/SetRandomisationSettingsRequest/directAttach             | 0     |
      | Actions/1/SetRandomisationSettingsRequest/randomisationStartWindow | 10    |
      | Actions/1/SetRandomisationSettingsRequest/multiplicationFactor     | 2     |
      | Actions/1/SetRandomisationSettingsRequest/numberOfRetries          | 1     |
    Then the answer tells "Set Randomisation Settings was successful."

    Examples:
      | version |
      | SMR 5.1 |
      | DSMR 4.2.2 |

  Scenario: DSMR 4.2.2 has no direct attachment
    Given the meter "TEST1024000000077" of "DSMR 4.2.2"
    When Bundle is asked of "TEST1024000000077" with
      | path                                                               | value |
      | Actions/1/SetRandomisationSettingsRequest/directAttach             | 1     |
      | Actions/1/SetRandomisationSettingsRequest/randomisationStartWindow | 1     |
      | Actions/1/SetRandomisationSettingsRequest/multiplicationFactor     | 1     |
      | Actions/1/SetRandomisationSettingsRequest/numberOfRetries          | 1     |
    Then the answer tells "DIRECT_ATTACH_AT_POWER_ON not known for protocol"
