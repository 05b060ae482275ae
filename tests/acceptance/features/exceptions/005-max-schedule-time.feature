Feature: 005 A bundle has a time after which nobody wants it any more

  Scenario: The time is over
    Given the meter "TEST1024000000005" of "DSMR 4.2.2"
    When Bundle is asked of "TEST1024000000005" with
      | path                                     | value                    |
      | Actions/1/GetAdministrativeStatusRequest | {}                       |
      | @MaxScheduleTime                         | 1577836800000 |
    Then it ends with fault 417

  Scenario: The time is to come
    Given the meter "TEST1024000000005" of "DSMR 4.2.2"
    When Bundle is asked of "TEST1024000000005" with
      | path                                     | value                    |
      | Actions/1/GetAdministrativeStatusRequest | {}                       |
      | @MaxScheduleTime                         | 4070908800000 |
    Then the answer tells "ON"
