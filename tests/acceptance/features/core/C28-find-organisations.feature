Feature: C28 Organisations are found by those who may know of them

  Scenario: One
    When "GridOne" calls FindOrganisation of CoreDeviceManagement with
      | path                       | value   |
      | OrganisationIdentification | GridTwo |
    Then the answer has
      | path                       | value   |
      | OrganisationIdentification | GridTwo |

  Scenario: One that is not there
    When "GridOne" calls FindOrganisation of CoreDeviceManagement with
      | path                       | value  |
      | OrganisationIdentification | NoGrid |
    Then the answer is empty

  Scenario: All, for an administrator
    When "GridOne" calls FindAllOrganisations of CoreDeviceManagement
    Then the answer tells "GridOne"
    And the answer tells "GridTwo"

  Scenario: Only itself, for any other
    When "GridTwo" calls FindAllOrganisations of CoreDeviceManagement
    Then the answer has 1 value

  Scenario: Nobody knows who asks
    When "NoGrid" calls FindAllOrganisations of CoreDeviceManagement
    Then it ends with fault 101 of WS_CORE because of "NoGrid"
