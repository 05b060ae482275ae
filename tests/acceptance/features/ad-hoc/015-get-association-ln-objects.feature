Feature: 015 The object list of a meter

  Scenario Outline: The objects of the association
    Given the meter "<device>" of "<version>"
    When GetAssociationLnObjects is asked of "<device>"
    Then the answer is OK
    And the answer has
      | path   | value |
      | Result | OK    |
    And the object list has class 8 0.0.1.0.0.255 whose attribute 2 is READ_AND_WRITE

    Examples:
      | version    | device            |
      | DSMR 2.2   | TEST1026000000001 |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 4.3    | TEST1031000000001 |
      | SMR 5.0.0  | TEST1027000000001 |
      | SMR 5.1    | TEST1028000000001 |
      | SMR 5.2    | TEST1029000000001 |
      | SMR 5.5    | TEST1030000000001 |
