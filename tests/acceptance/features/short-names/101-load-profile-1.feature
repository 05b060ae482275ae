Feature: 101 Load profile 1 of a meter with short names

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
      | ObisCode/d | 1     |
      | ObisCode/e | 0     |
      | ObisCode/f | 255   |
    Then the answer is OK
    And the answer tells "0-0:96.240.12.255"

  Scenario: A day of it
    When profile 1.0.99.1.0.255 of "TEST1024000000005" is read from 2015-09-06T23:59:00Z to 2015-09-08T00:01:00Z
    Then there are 289 rows of 9 columns
    And column 1 is 8 0.0.1.0.0.255 attribute 2 in UNDEFINED
    And column 2 is 3 0.0.96.240.12.255 attribute 18 in UNDEFINED
    And column 3 is 5 1.1.1.4.0.255 attribute 3 in W
    And column 4 is 5 1.1.2.4.0.255 attribute 3 in W
    And column 5 is 5 1.1.3.4.0.255 attribute 3 in VAR
    And column 6 is 5 1.1.4.4.0.255 attribute 3 in VAR
    And column 7 is 3 1.1.33.7.0.255 attribute 11 in COUNT
    And column 8 is 3 1.1.53.7.0.255 attribute 11 in COUNT
    And column 9 is 3 1.1.73.7.0.255 attribute 11 in COUNT
    And row 1 is of 2015-09-07T00:00:00Z
    And row 289 is of 2015-09-08T00:00:00Z
    And row 1 has 4 in column 2
