Feature: 019 A test alarm is scheduled

  Scenario Outline: A partial power outage
    Given the meter "TEST1027000000001" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    When TestAlarmScheduler is asked of "TEST1027000000001" with
      | path                      | value                |
      | TestAlarmSchedulerRequestData/ScheduleTime | 2088-01-01T00:00:00Z |
      | TestAlarmSchedulerRequestData/AlarmType     | PARTIAL_POWER_OUTAGE |
    Then the answer is OK

    Examples:
      | version |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |

  Scenario: A last gasp
    Given the meter "TEST1030000000001" of "SMR 5.5"
    When TestAlarmScheduler is asked of "TEST1030000000001" with
      | path                      | value                |
      | TestAlarmSchedulerRequestData/ScheduleTime | 2088-01-01T00:00:00Z |
      | TestAlarmSchedulerRequestData/AlarmType     | LAST_GASP            |
    Then the answer is OK
