Feature: 026 The administrative status is read in a bundle

  Scenario Outline: Versions that have it
    Given the meter "TEST1024000000026" of "<version>"
    When Bundle is asked of "TEST1024000000026" with
      | path                                     | value |
      | Actions/1/GetAdministrativeStatusRequest | {}    |
    Then the answer tells "ON"

    Examples:
      | version |
      | DSMR 4.2.2 |
      | SMR 4.3 |
      | SMR 5.0.0 |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |

  Scenario: DSMR 2.2 does not
    Given the meter "TEST1024000000026" of "DSMR 2.2"
    When Bundle is asked of "TEST1024000000026" with
      | path                                     | value |
      | Actions/1/GetAdministrativeStatusRequest | {}    |
    Then the answer tells "No object found of type ADMINISTRATIVE_IN_OUT"
