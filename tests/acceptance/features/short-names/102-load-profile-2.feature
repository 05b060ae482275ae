Feature: 102 Load profile 2 of a meter with short names

  Background:
    Given the E650 "TEST1024000000005" with short names, HDLC and a password

  Scenario: What it captures
    When GetSpecificAttributeValue is asked of "TEST1024000000005" with
      | path       | value |
      | ClassId    | 7     |
      | Attribute  | 3     |
      | ObisCode/a | 1     |
      | ObisCode/b | 0     |
      | ObisCode/c | 99    |
      | ObisCode/d | 2     |
      | ObisCode/e | 0     |
      | ObisCode/f | 255   |
    Then the answer is OK
    And the answer tells "0-0:96.240.12.255"
    And the answer tells "1-1:1.8.0.255"

  Scenario: A day of it
    When profile 1.0.99.2.0.255 of "TEST1024000000005" is read from 2015-09-06T23:59:00Z to 2015-09-08T00:01:00Z
    Then there are 97 rows of 4 columns
    And column 3 is 3 1.1.1.8.0.255 attribute 2 in KWH
    And column 4 is 3 1.1.2.8.0.255 attribute 2 in KWH
    And row 1 is of 2015-09-07T00:00:00Z
    And row 97 is of 2015-09-08T00:00:00Z
