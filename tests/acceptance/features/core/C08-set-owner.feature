Feature: C08 A device gets an owner

  Scenario: Another one
    Given the meter "TEST1024000010800" of "DSMR 4.2.2"
    When "GridOne" does SetDeviceOwner for "TEST1024000010800" with
      | path  | value   |
      | owner | GridTwo |
    Then it is done
    When "GridTwo" asks GetAdministrativeStatus of "TEST1024000010800"
    Then the answer is OK

  Scenario: An organisation that is not there
    Given the meter "TEST1024000010801" of "DSMR 4.2.2"
    When "GridOne" does SetDeviceOwner for "TEST1024000010801" with
      | path  | value  |
      | owner | NoGrid |
    Then it is refused with UNKNOWN_ORGANISATION because of "NoGrid"
