Feature: 053 The administrative status of a meter is read and set

  Scenario Outline: Read
    Given the meter "TEST1024000000053" of "<version>"
    When GetAdministrativeStatus is asked of "TEST1024000000053"
    Then the answer is OK

    Examples:
      | version |
      | DSMR 4.2.2 |
      | SMR 4.3 |
      | SMR 5.0.0 |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |

  Scenario Outline: Set
    Given the meter "TEST1024000000053" of "<version>"
    When SetAdministrativeStatus is asked of "TEST1024000000053" with
      | path    | value |
      | Enabled | OFF   |
    Then the answer is OK
    And attribute 2 of 1 0.1.94.31.0.255 of "TEST1024000000053" is now 1

    Examples:
      | version |
      | DSMR 4.2.2 |
      | SMR 4.3 |
      | SMR 5.0.0 |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |
