Feature: 028 The object list of a meter is read in a bundle

  Scenario Outline: One action
    Given the meter "TEST1024000000077" of "<version>"
    When Bundle is asked of "TEST1024000000077" with
      | path                                     | value |
      | Actions/1/GetAssociationLnObjectsRequest | {}    |
    Then the answer tells "READ"

    Examples:
      | version |
      | DSMR 2.2 |
      | DSMR 4.2.2 |
      | SMR 4.3 |
      | SMR 5.0.0 |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |
