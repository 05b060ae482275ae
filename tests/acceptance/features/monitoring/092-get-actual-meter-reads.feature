Feature: 092 The registers of a meter are read

  Scenario Outline: An electricity meter
    Given the meter "TEST1024000000092" of "<version>"
    When GetActualMeterReads is asked of "TEST1024000000092"
    Then the answer tells "KWH"

    Examples:
      | version |
      | DSMR 2.2 |
      | DSMR 4.2.2 |
      | SMR 4.3 |
      | SMR 5.0.0 |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |
