Feature: 047 Special days are set in a bundle

  Scenario Outline: One day
    Given the meter "TEST1024000000077" of "<version>"
    When Bundle is asked of "TEST1024000000077" with
      | path                                                         | value      |
      | Actions/1/SetSpecialDaysRequest/SpecialDays/1/specialDayDate | FFFFFFFFFF |
      | Actions/1/SetSpecialDaysRequest/SpecialDays/1/dayId          | 3          |
    Then the answer tells "Set special days was successful"

    Examples:
      | version |
      | DSMR 2.2 |
      | DSMR 4.2.2 |
      | SMR 4.3 |
      | SMR 5.0.0 |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |
