Feature: 018 The clock of a meter is set

  Scenario Outline: To the time of a zone
    Given the meter "<device>" of "<version>"
    And the clock of "<device>" is 3600 s behind
    When SynchronizeTime is asked of "<device>" with
      | path                                | value            |
      | SynchronizeTimeRequestData/TimeZone | Europe/Amsterdam |
    Then the answer is OK
    And the clock of "<device>" is right

    Examples:
      | version    | device            |
      | DSMR 2.2   | TEST1026000000001 |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 4.3    | TEST1031000000001 |
      | SMR 5.0.0  | TEST1027000000001 |
      | SMR 5.1    | TEST1028000000001 |
      | SMR 5.2    | TEST1029000000001 |
      | SMR 5.5    | TEST1030000000001 |
