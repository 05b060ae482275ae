Feature: 099 The event log of a meter with short names

  Background:
    Given the E650 "TEST1024000000005" with short names, HDLC and a password

  Scenario: What it captures
    When GetSpecificAttributeValue is asked of "TEST1024000000005" with
      | path       | value |
      | ClassId    | 7     |
      | Attribute  | 3     |
      | ObisCode/a | 1     |
      | ObisCode/b | 1     |
      | ObisCode/c | 99    |
      | ObisCode/d | 98    |
      | ObisCode/e | 0     |
      | ObisCode/f | 255   |
    Then the answer is OK
    And the answer tells "0-0:1.0.0.255"
    And the answer tells "0-0:96.240.12.255"

  Scenario: Its rows
    When profile 1.1.99.98.0.255 of "TEST1024000000005" is read from 2015-09-05T00:00:00Z to 2015-09-06T00:00:00Z
    Then there are 1 rows of 2 columns
    And column 2 is 3 0.0.96.240.12.255 attribute 18 in UNDEFINED
    And row 1 has 4 in column 2

  Scenario: A log that the meter does not have
    When GetSpecificAttributeValue is asked of "TEST1024000000005" with
      | path       | value |
      | ClassId    | 7     |
      | Attribute  | 3     |
      | ObisCode/a | 1     |
      | ObisCode/b | 1     |
      | ObisCode/c | 99    |
      | ObisCode/d | 98    |
      | ObisCode/e | 99    |
      | ObisCode/f | 255   |
    Then it ends with fault 412
