Feature: 064 When which tariff is in force

  Scenario Outline: A calendar with wildcards
    Given the meter "TEST1024000000064" of "<version>"
    When SetActivityCalendar is asked of "TEST1024000000064" with
      | path                                                                                                                             | value                    |
      | ActivityCalendarData/ActivityCalendar/CalendarName                                                                               | Calendar                 |
      | ActivityCalendarData/ActivityCalendar/ActivatePassiveCalendarTime                                                                | FFFFFFFEFFFFFFFFFF000000 |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/SeasonProfileName                                                   | '1'                      |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/SeasonStart                                                         | FFFF0101FF00000000000000 |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/WeekProfileName                                         | '1'                      |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DayId                                            | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/1/StartTime         | '07000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/1/ScriptSelector    | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/2/StartTime         | '17000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/2/ScriptSelector    | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DayId                                           | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/1/StartTime        | '07000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/1/ScriptSelector   | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/2/StartTime        | '17000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/2/ScriptSelector   | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DayId                                         | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/1/StartTime      | '07000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/1/ScriptSelector | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/2/StartTime      | '17000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/2/ScriptSelector | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DayId                                          | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/1/StartTime       | '07000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/1/ScriptSelector  | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/2/StartTime       | '17000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/2/ScriptSelector  | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DayId                                            | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/1/StartTime         | '07000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/1/ScriptSelector    | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/2/StartTime         | '17000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/2/ScriptSelector    | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Saturday/DayId                                          | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Saturday/DaySchedule/DayProfileAction/1/StartTime       | '00000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Saturday/DaySchedule/DayProfileAction/1/ScriptSelector  | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Sunday/DayId                                            | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Sunday/DaySchedule/DayProfileAction/1/StartTime         | '00000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Sunday/DaySchedule/DayProfileAction/1/ScriptSelector    | 2                        |
    Then the answer is OK
    And attribute 6 of 20 0.0.13.0.0.255 of "TEST1024000000064" is now 43616c656e646172
    And the meter of "TEST1024000000064" has 1 seasons, 1 weeks and 2 days in its passive calendar

    Examples:
      | version    |
      | DSMR 2.2   |
      | DSMR 4.2.2 |
      | SMR 4.3    |
      | SMR 5.0.0  |
      | SMR 5.1    |
      | SMR 5.2    |
      | SMR 5.5    |

  Scenario: Season names that are not single digits
    Given the meter "TEST1024000000064" of "DSMR 4.2.2"
    When SetActivityCalendar is asked of "TEST1024000000064" with
      | path                                                                                                                             | value                    |
      | ActivityCalendarData/ActivityCalendar/CalendarName                                                                               | Calendar                 |
      | ActivityCalendarData/ActivityCalendar/ActivatePassiveCalendarTime                                                                | FFFFFFFEFFFFFFFFFF000000 |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/SeasonProfileName                                                   | '12'                     |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/SeasonStart                                                         | FFFF0101FF00000000000000 |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/WeekProfileName                                         | '1'                      |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DayId                                            | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/1/StartTime         | '07000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/1/ScriptSelector    | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/2/StartTime         | '17000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/2/ScriptSelector    | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DayId                                           | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/1/StartTime        | '07000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/1/ScriptSelector   | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/2/StartTime        | '17000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/2/ScriptSelector   | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DayId                                         | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/1/StartTime      | '07000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/1/ScriptSelector | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/2/StartTime      | '17000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/2/ScriptSelector | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DayId                                          | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/1/StartTime       | '07000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/1/ScriptSelector  | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/2/StartTime       | '17000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/2/ScriptSelector  | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DayId                                            | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/1/StartTime         | '07000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/1/ScriptSelector    | 1                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/2/StartTime         | '17000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/2/ScriptSelector    | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Saturday/DayId                                          | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Saturday/DaySchedule/DayProfileAction/1/StartTime       | '00000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Saturday/DaySchedule/DayProfileAction/1/ScriptSelector  | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Sunday/DayId                                            | 2                        |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Sunday/DaySchedule/DayProfileAction/1/StartTime         | '00000000'               |
      | ActivityCalendarData/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Sunday/DaySchedule/DayProfileAction/1/ScriptSelector    | 2                        |
    Then it ends with fault 401
