Feature: 016 One attribute of one object

  Background:
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"

  Scenario: The logical device name
    Given attribute 2 of 1 0.0.42.0.0.255 of "TEST1024000000001" is octet-string 646576696365206e616d65
    When GetSpecificAttributeValue is asked of "TEST1024000000001" with
      | path       | value |
      | ClassId    | 1     |
      | Attribute  | 2     |
      | ObisCode/a | 0     |
      | ObisCode/b | 0     |
      | ObisCode/c | 42    |
      | ObisCode/d | 0     |
      | ObisCode/e | 0     |
      | ObisCode/f | 255   |
    Then the answer is OK
    And the answer tells "bytes[100, 101, 118, 105, 99, 101, 32, 110, 97, 109, 101]"

  Scenario: The administrative status
    When GetSpecificAttributeValue is asked of "TEST1024000000001" with
      | path       | value |
      | ClassId    | 1     |
      | Attribute  | 2     |
      | ObisCode/a | 0     |
      | ObisCode/b | 1     |
      | ObisCode/c | 94    |
      | ObisCode/d | 31    |
      | ObisCode/e | 0     |
      | ObisCode/f | 255   |
    Then the answer is OK
    And the answer tells "Choice=ENUMERATE, ResultData isNumber"

  Scenario: The tariff in force
    Given attribute 2 of 1 0.0.96.14.0.255 of "TEST1024000000001" is octet-string "4142"
    When GetSpecificAttributeValue is asked of "TEST1024000000001" with
      | path       | value |
      | ClassId    | 1     |
      | Attribute  | 2     |
      | ObisCode/a | 0     |
      | ObisCode/b | 0     |
      | ObisCode/c | 96    |
      | ObisCode/d | 14    |
      | ObisCode/e | 0     |
      | ObisCode/f | 255   |
    Then the answer is OK
    And the answer tells "bytes[65, 66]"
