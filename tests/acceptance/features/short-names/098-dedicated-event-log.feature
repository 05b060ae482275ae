Feature: 098 The dedicated event logs of a meter with short names

  Background:
    Given the E650 "TEST1024000000005" with short names, HDLC and a password

  Scenario Outline: What a log captures
    When GetSpecificAttributeValue is asked of "TEST1024000000005" with
      | path       | value |
      | ClassId    | 7     |
      | Attribute  | 3     |
      | ObisCode/a | 1     |
      | ObisCode/b | 1     |
      | ObisCode/c | 99    |
      | ObisCode/d | 98    |
      | ObisCode/e | <e>   |
      | ObisCode/f | 255   |
    Then the answer is OK
    And the answer tells "<captured>"

    Examples:
      | e   | captured           |
      | 152 | 1-1:32.23.0.255    |
      | 153 | 1-1:52.23.0.255    |
      | 154 | 1-1:72.23.0.255    |
      | 155 | 1-1:32.26.0.255    |
      | 156 | 1-1:52.26.0.255    |
      | 157 | 1-1:72.26.0.255    |
      | 158 | 1-1:99.98.158.255  |
      | 159 | 1-1:99.98.159.255  |
      | 160 | 1-1:99.98.160.255  |
