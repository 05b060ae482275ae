Feature: 071 How a meter delays its registration with the network

  Scenario Outline: Direct attachment
    Given the meter "TEST1024000000077" of "<version>"
    When SetRandomisationSettings is asked of "TEST1024000000077" with
      | path                                                  | value |
      | SetRandomisationSettingsData/directAttach             | 1     |
      | SetRandomisationSettingsData/randomisationStartWindow | 1     |
      | SetRandomisationSettingsData/multiplicationFactor     | 1     |
      | SetRandomisationSettingsData/numberOfRetries          | 1     |
    Then the answer is OK

    Examples:
      | version   |
      | SMR 5.0.0 |
      | SMR 5.1   |

  Scenario Outline: A start window
    Given the meter "TEST1024000000077" of "<version>"
    When SetRandomisationSettings is asked of "TEST1024000000077" with
      | path                                                  | value    |
      | SetRandomisationSettingsData/directAttach             | 0        |
      | SetRandomisationSettingsData/randomisationStartWindow | <window> |
      | SetRandomisationSettingsData/multiplicationFactor     | <factor> |
      | SetRandomisationSettingsData/numberOfRetries          | 1        |
    Then the answer is OK
    And the randomisation settings of "TEST1024000000077" are <window>, <factor>, 1

    Examples:
      | version    | window | factor |
      | SMR 5.0.0  | 5      | 3      |
      | SMR 5.1    | 5      | 3      |
      | DSMR 4.2.2 | 10     | 4      |

  Scenario: DSMR 4.2.2 has no direct attachment
    Given the meter "TEST1024000000077" of "DSMR 4.2.2"
    When SetRandomisationSettings is asked of "TEST1024000000077" with
      | path                                                  | value |
      | SetRandomisationSettingsData/directAttach             | 1     |
      | SetRandomisationSettingsData/randomisationStartWindow | 1     |
      | SetRandomisationSettingsData/multiplicationFactor     | 1     |
      | SetRandomisationSettingsData/numberOfRetries          | 1     |
    Then the answer is NOT OK

  Scenario Outline: DSMR 2.2 has no settings
    Given the meter "TEST1024000000077" of "DSMR 2.2"
    When SetRandomisationSettings is asked of "TEST1024000000077" with
      | path                                                  | value    |
      | SetRandomisationSettingsData/directAttach             | <direct> |
      | SetRandomisationSettingsData/randomisationStartWindow | <window> |
      | SetRandomisationSettingsData/multiplicationFactor     | <factor> |
      | SetRandomisationSettingsData/numberOfRetries          | 1        |
    Then the answer is NOT OK

    Examples:
      | direct | window | factor |
      | 1      | 1      | 1      |
      | 0      | 10     | 4      |
