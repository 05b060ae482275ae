Feature: C11 to C15 Organisations come, change and go

  Scenario Outline: C13 A new one
    When "GridOne" does CreateOrganisation with
      | path                        | value     |
      | organisation/organisation   | <name>    |
      | organisation/name           | A name    |
      | organisation/prefix         | MAA       |
      | organisation/function_group | <group>   |
      | organisation/domains/1      | COMMON    |
      | organisation/domains/2      | <second>  |
    Then it is done
    And "GridOne" finds the organisation "<name>" as <group>, enabled

    Examples:
      | name       | group | second           |
      | NewAdmin13 | ADMIN | PUBLIC_LIGHTING  |
      | NewUser13  | USER  | TARIFF_SWITCHING |

  Scenario: C13 One that is there already
    When "GridOne" does CreateOrganisation with
      | path                      | value   |
      | organisation/organisation | GridTwo |
      | organisation/name         | Twice   |
      | organisation/domains/1    | COMMON  |
    Then it is refused with EXISTING_ORGANISATION because of "GridTwo"

  Scenario Outline: C13 A name that is none
    When "GridOne" does CreateOrganisation with
      | path                      | value  |
      | organisation/organisation | <name> |
      | organisation/name         | A name |
      | organisation/domains/1    | COMMON |
    Then it is refused with VALIDATION_ERROR because of "organisation"

    Examples:
      | name        |
      | with spaces |
      | abcdefghijklmnopqrstuvwxyzabcdefghijklmno |

  Scenario: C12 It changes
    Given the organisation "ChangingGrid" that is USER
    When "GridOne" does ChangeOrganisation with
      | path           | value        |
      | organisation   | ChangingGrid |
      | name           | Another name |
      | function_group | ADMIN        |
    Then it is done
    And "GridOne" finds the organisation "ChangingGrid" as ADMIN, enabled

  Scenario Outline: C14 and C11 It is removed, which disables it, and works again
    Given the organisation "<name>" that is <group>
    When "GridOne" does RemoveOrganisation with
      | path         | value  |
      | organisation | <name> |
    Then it is done
    And "GridOne" finds the organisation "<name>" as <group>, disabled
    When "GridOne" does ActivateOrganisation with
      | path         | value  |
      | organisation | <name> |
    Then it is done
    And "GridOne" finds the organisation "<name>" as <group>, enabled

    Examples:
      | name        | group |
      | LeavingUser | USER  |
      | LeavingRoot | ADMIN |

  Scenario: C14 One that is not there
    When "GridOne" does RemoveOrganisation with
      | path         | value  |
      | organisation | NoGrid |
    Then it is refused with UNKNOWN_ORGANISATION because of "NoGrid"

  Scenario: C14 One that still holds authorisations
    Given the meter "TEST1024000011400" of "DSMR 4.2.2" for which "GridTwo" holds MONITORING alone
    When "GridOne" does RemoveOrganisation with
      | path         | value   |
      | organisation | GridTwo |
    Then it is refused with EXISTING_DEVICE_AUTHORIZATIONS because of "GridTwo"
