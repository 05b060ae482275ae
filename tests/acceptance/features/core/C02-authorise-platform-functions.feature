Feature: C02 An organisation that does not administer the platform reads its registry and changes nothing in it

  Background:
    Given the organisation "UserGrid" that is USER

  Scenario Outline: What it may
    When "UserGrid" does <operation>
    Then it is done

    Examples:
      | operation            |
      | FindAllOrganisations |
      | FindAllDeviceModels  |
      | FindAllManufacturers |
      | FindDevices          |

  Scenario Outline: What it may not
    When "UserGrid" does <operation> with
      | path    | value   |
      | <path>  | <value> |
    Then it is refused with UNAUTHORIZED because of "Organisation [UserGrid] is not authorized for action"

    Examples:
      | operation               | path                        | value    |
      | RemoveOrganisation      | organisation                | GridTwo  |
      | ActivateOrganisation    | organisation                | GridTwo  |
      | ChangeOrganisation      | organisation                | GridTwo  |
      | RemoveManufacturer      | code                | SIM      |
      | FindDevicesWithoutOwner | page                        | 0        |
