Feature: 100 The event register of a meter with short names

  Background:
    Given the E650 "TEST1024000000005" with short names, HDLC and a password

  Scenario: An attribute of the maker
    When GetSpecificAttributeValue is asked of "TEST1024000000005" with
      | path       | value |
      | ClassId    | 3     |
      | Attribute  | 18    |
      | ObisCode/a | 0     |
      | ObisCode/b | 0     |
      | ObisCode/c | 96    |
      | ObisCode/d | 240   |
      | ObisCode/e | 12    |
      | ObisCode/f | 255   |
    Then the answer is OK
    And the answer tells "4"
