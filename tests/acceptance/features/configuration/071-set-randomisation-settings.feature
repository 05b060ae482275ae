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
      | version |
      | SMR 5.0.0 |
      | SMR 5.1 |

  Scenario Outline: A start window
    Given the meter "TEST1024000000077" of "<version>"
    When SetRandomisationSettings is asked of "TEST1024000000077" with
      | path                                                  | value |
      | SetRandomisationSettingsData/directAttach             | 0     |
      | SetRandomisationSettingsData/randomisationStartWindow | 10    |
      | SetRandomisationSettingsData/multiplicationFactor     | 4     |
      | SetRandomisationSettingsData/numberOfRetries          | 1     |
    Then the answer is OK

    Examples:
      | version |
      | SMR 5.0.0 |
      | SMR 5.1 |
      | DSMR 4.2.2 |

  Scenario Outline: DSMR 4.2.2 has no direct attachment, DSMR 2.2 no settings
    Given the meter "TEST1024000000077" of "<version>"
    When SetRandomisationSettings is asked of "TEST1024000000077" with
      | path                                                  | value |
      | SetRandomisationSettingsData/directAttach             | 1     |
      | SetRandomisationSettingsData/randomisationStartWindow | 1     |
      | SetRandomisationSettingsData/multiplicationFactor     | 1     |
      | SetRandomisationSettingsData/numberOfRetries          | 1     |
    Then the answer is NOT OK

    Examples:
      | version |
      | DSMR 4.2.2 |
      | DSMR 2.2 |
