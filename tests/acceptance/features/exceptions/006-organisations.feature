Feature: 006 An organisation that is unknown, that may not or that is somebody else is told so

  Scenario: The header names an organisation that is not registered
    Given the meter "TEST1024000000006" of "DSMR 4.2.2"
    When "unknown-organization" asks GetAdministrativeStatus of "TEST1024000000006"
    Then it ends with fault 101 of WS_SMART_METERING because of "unknown-organization"

  Scenario: An organisation without authorisation for the device
    Given the meter "TEST1024000000006" of "DSMR 4.2.2"
    When "GridTwo" asks GetAdministrativeStatus of "TEST1024000000006"
    Then it ends with fault 301 of WS_SMART_METERING because of "Organisation [GridTwo] is not authorized for action"

  Scenario: A bundle is refused as a whole
    Given the meter "TEST1024000000006" of "DSMR 4.2.2"
    When "GridTwo" asks Bundle of "TEST1024000000006" with
      | path                                     | value |
      | Actions/1/GetAdministrativeStatusRequest | {}    |
    Then it ends with fault 301 of WS_SMART_METERING because of "Organisation [GridTwo] is not authorized for action"

  Scenario: The certificate is another organisation's
    Given the meter "TEST1024000000006" of "DSMR 4.2.2"
    When "GridTwo" asks GetAdministrativeStatus of "TEST1024000000006" in the name of "GridOne"
    Then it ends with a fault without code that tells "Client certificate is untrusted or invalid for organisation [GridOne]"

  Scenario Outline: A mandatory header is empty
    Given the meter "TEST1024000000006" of "DSMR 4.2.2"
    When GetAdministrativeStatus is asked of "TEST1024000000006" with
      | path      | value |
      | @<header> |       |
    Then it ends with a fault without code that tells "<header> Soap Header is """

    Examples:
      | header                     |
      | OrganisationIdentification |
      | UserName                   |
      | ApplicationName            |

  Scenario: The answer is for nobody else
    Given the meter "TEST1024000000006" of "DSMR 4.2.2"
    When GetAdministrativeStatus is asked of "TEST1024000000006"
    Then the answer is OK
    When "GridTwo" fetches the answer
    Then it ends with fault 405

  Scenario: A disabled organisation
    Given the organisation "DisabledGrid" that is disabled
    And the meter "TEST1024000000006" of "DSMR 4.2.2"
    When "DisabledGrid" asks GetAdministrativeStatus of "TEST1024000000006"
    Then it ends with fault 104
