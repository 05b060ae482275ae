Feature: 086 The kept messages of a meter

  Scenario: What was exchanged while debugging was on
    Given the meter "TEST1024000086001" of "DSMR 4.2.2"
    When EnableDebugging is asked of "TEST1024000086001"
    Then the answer is OK
    When GetAdministrativeStatus is asked of "TEST1024000086001"
    Then the answer is OK
    And messages of "TEST1024000086001" are in the log
    When FindMessageLogs is asked of "TEST1024000086001" with
      | path | value |
      | Page | 0     |
    Then the answer has
      | path                                     | value             |
      | TotalPages                               | 1                 |
      | MessageLogs/1/DeviceIdentification       | TEST1024000086001 |
      | MessageLogs/1/OrganisationIdentification | GridOne           |
      | MessageLogs/1/Valid                      | True              |

  Scenario: A meter of which nothing was kept
    Given the meter "TEST1024000086002" of "DSMR 4.2.2"
    When GetAdministrativeStatus is asked of "TEST1024000086002"
    Then the answer is OK
    When FindMessageLogs is asked of "TEST1024000086002" with
      | path | value |
      | Page | 0     |
    Then the answer has
      | path       | value |
      | TotalPages | 0     |
