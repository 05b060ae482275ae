Feature: 027 All attributes of all objects are read in a bundle

  Scenario Outline: The whole meter
    Given the meter "<device>" of "<version>"
    When Bundle is asked of "<device>" with
      | path                                   | value |
      | Actions/1/GetAllAttributeValuesRequest | {}    |
    Then the answer has
      | path                          | value |
      | value/1/ActionResponse/Result | OK    |
    And the answer tells "0.0.1.0.0.255"

    Examples:
      | version    | device            |
      | DSMR 2.2   | TEST1026000000001 |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 4.3    | TEST1031000000001 |
      | SMR 5.0.0  | TEST1027000000001 |
      | SMR 5.1    | TEST1028000000001 |
      | SMR 5.2    | TEST1029000000001 |
      | SMR 5.5    | TEST1030000000001 |
