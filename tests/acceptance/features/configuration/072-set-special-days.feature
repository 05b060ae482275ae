Feature: 072 Days that follow another day profile

  Scenario Outline: All versions have it
    Given the meter "TEST1024000000072" of "<version>"
    When SetSpecialDays is asked of "TEST1024000000072" with
      | path                                                | value      |
      | SpecialDaysRequestData/SpecialDays/1/specialDayDate | FFFFFFFFFF |
      | SpecialDaysRequestData/SpecialDays/1/dayId          | 3          |
      | SpecialDaysRequestData/SpecialDays/2/specialDayDate | FFFF0C19FF |
      | SpecialDaysRequestData/SpecialDays/2/dayId          | 1          |
    Then the answer is OK
    And the special days of "TEST1024000000072" are
      | index | date       | day |
      | 0     | ffffffffff | 3   |
      | 1     | ffff0c19ff | 1   |

    Examples:
      | version    |
      | DSMR 2.2   |
      | DSMR 4.2.2 |
      | SMR 4.3    |
      | SMR 5.0.0  |
      | SMR 5.1    |
      | SMR 5.2    |
      | SMR 5.5    |

  Scenario: A date that has not ten digits
    Given the meter "TEST1024000000072" of "DSMR 4.2.2"
    When SetSpecialDays is asked of "TEST1024000000072" with
      | path                                                | value |
      | SpecialDaysRequestData/SpecialDays/1/specialDayDate | FFFF  |
      | SpecialDaysRequestData/SpecialDays/1/dayId          | 3     |
    Then it has failed
