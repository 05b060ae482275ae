Feature: 049 The clock is set in a bundle

  Scenario Outline: One action
    Given the meter "TEST1024000000049" of "<version>"
    When Bundle is asked of "TEST1024000000049" with
      | path                                      | value            |
      | Actions/1/SynchronizeTimeRequest/TimeZone | Europe/Amsterdam |
    Then the answer tells "Synchronizing time was successful"

    Examples:
      | version |
      | DSMR 2.2 |
      | DSMR 4.2.2 |
      | SMR 4.3 |
      | SMR 5.0.0 |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |
