Feature: 074 Results are removed when they are old

  Scenario: A month old
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When GetActualMeterReads is asked of "TEST1024000000001"
    And 31 days have passed for its result
    Then its result is removed

  Scenario Outline: Younger than a week
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When GetActualMeterReads is asked of "TEST1024000000001" with a response URL
    And <days> days have passed for its result
    And the clean-up job has run
    Then its result is kept

    Examples:
      | days |
      | 0    |
      | 6    |
