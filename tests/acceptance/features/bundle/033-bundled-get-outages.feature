Feature: 033 Long power failures are read in a bundle

  Scenario Outline: Four of them
    Given the meter "<device>" of "<version>"
    And the event logs of "<device>" tell of September 2015
    When Bundle is asked of "<device>" with
      | path                        | value |
      | Actions/1/GetOutagesRequest | {}    |
    Then the answer has
      | path                                          | value                     |
      | value/1/GetOutagesResponse/Outages/1/endTime  | 2015-09-01 00:00:00+00:00 |
      | value/1/GetOutagesResponse/Outages/1/duration | 180                       |
      | value/1/GetOutagesResponse/Outages/2/endTime  | 2015-08-31 00:00:00+00:00 |
      | value/1/GetOutagesResponse/Outages/2/duration | 360                       |
      | value/1/GetOutagesResponse/Outages/3/endTime  | 2015-08-30 00:00:00+00:00 |
      | value/1/GetOutagesResponse/Outages/3/duration | 540                       |
      | value/1/GetOutagesResponse/Outages/4/endTime  | 2015-08-29 00:00:00+00:00 |
      | value/1/GetOutagesResponse/Outages/4/duration | 720                       |
    And the answer has 4 Outages

    Examples:
      | version    | device            |
      | DSMR 2.2   | TEST1026000000001 |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 4.3    | TEST1031000000001 |
      | SMR 5.0.0  | TEST1027000000001 |
      | SMR 5.1    | TEST1028000000001 |
      | SMR 5.2    | TEST1029000000001 |
      | SMR 5.5    | TEST1030000000001 |
