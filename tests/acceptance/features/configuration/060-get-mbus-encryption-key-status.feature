Feature: 060 How far the user key of an M-Bus device is

  Scenario Outline: A device on channel 1
    Given the meter "TEST1024000000001" of "<version>"
    And the M-Bus device "<device>"
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    And "<device>" is coupled on channel 1 of "TEST1024000000001"
    And attribute 14 of 72 0.1.24.1.0.255 of "TEST1024000000001" is enum <number>
    When GetMbusEncryptionKeyStatus is asked of "<device>"
    Then the answer has
      | path                | value    |
      | Result              | OK       |
      | EncryptionKeyStatus | <status> |

    Examples:
      | version    | device            | number | status                             |
      | DSMR 4.2.2 | TESTG101205673117 | 4      | ENCRYPTION_KEY_IN_USE              |
      | SMR 4.3    | TESTG101205673117 | 4      | ENCRYPTION_KEY_IN_USE              |
      | SMR 5.0.0  | TESTG101205673117 | 4      | ENCRYPTION_KEY_IN_USE              |
      | SMR 5.1    | TESTG101205673117 | 4      | ENCRYPTION_KEY_IN_USE              |
      | SMR 5.2    | TESTG101205673117 | 4      | ENCRYPTION_KEY_IN_USE              |
      | SMR 5.5    | TESTG101205673117 | 4      | ENCRYPTION_KEY_IN_USE              |
      | DSMR 4.2.2 | TESTG101205673117 | 0      | NO_ENCRYPTION_KEY                  |
      | DSMR 4.2.2 | TESTG101205673117 | 1      | ENCRYPTION_KEY_SET                 |
      | DSMR 4.2.2 | TESTG101205673117 | 2      | ENCRYPTION_KEY_TRANSFERRED         |
      | DSMR 4.2.2 | TESTG101205673117 | 3      | ENCRYPTION_KEY_SET_AND_TRANSFERRED |
      | SMR 5.5    | TESTW101205673117 | 4      | ENCRYPTION_KEY_IN_USE              |

  Scenario: DSMR 2.2 does not tell
    Given the meter "TEST1024000000001" of "DSMR 2.2"
    And the M-Bus device "TESTG101205673117"
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    And "TESTG101205673117" is coupled on channel 1 of "TEST1024000000001"
    When GetMbusEncryptionKeyStatus is asked of "TESTG101205673117"
    Then it ends with fault 416 of PROTOCOL_DLMS because of "Attribute with id 14 is not found for MBUS_CLIENT_SETUP in protocol DSMR 2.2"

  Scenario: A device that is coupled with nobody
    Given the M-Bus device "TESTG101205673117"
    When GetMbusEncryptionKeyStatus is asked of "TESTG101205673117"
    Then it ends with fault 220
