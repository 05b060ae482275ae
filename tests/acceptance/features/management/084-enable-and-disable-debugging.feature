Feature: 084 Whether the messages of a meter are kept

  Scenario Outline: They are, until they are no more
    Given the meter "<device>" of "<version>"
    When EnableDebugging is asked of "<device>"
    Then the answer is OK
    And debugging of "<device>" is on
    When GetAdministrativeStatus is asked of "<device>"
    Then the answer is OK
    And messages of "<device>" are in the log
    When DisableDebugging is asked of "<device>"
    Then the answer is OK
    And debugging of "<device>" is off

    Examples:
      | version    | device            |
      | DSMR 4.2.2 | TEST1024000084001 |
      | SMR 5.0.0  | TEST1027000084001 |

  Scenario: A meter that nobody knows
    When EnableDebugging is asked of "TEST102400unknown"
    Then it ends with fault 201
