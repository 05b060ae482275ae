Feature: 002 What is asked of devices that are not there, or of objects that they do not have

  Scenario: An unknown device
    When GetAdministrativeStatus is asked of "TEST102400unknown"
    Then it ends with fault 201

  Scenario: An object that no meter has
    Given the meter "TEST1024000000002" of "DSMR 4.2.2"
    When GetSpecificAttributeValue is asked of "TEST1024000000002" with
      | path        | value |
      | ClassId     | 999   |
      | Attribute   | 9     |
      | ObisCode/a  | 9     |
      | ObisCode/b  | 9     |
      | ObisCode/c  | 9     |
      | ObisCode/d  | 9     |
      | ObisCode/e  | 9     |
      | ObisCode/f  | 9     |
    Then it ends with fault 412
