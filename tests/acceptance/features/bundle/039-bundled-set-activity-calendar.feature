Feature: 039 A tariff calendar is set in a bundle

  Scenario Outline: One season
    Given the meter "<device>" of "<version>"
    When Bundle is asked of "<device>" with
      | path                                                                                                                                             | value                    |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/CalendarName                                                                               | Cal 2026                 |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/ActivatePassiveCalendarTime                                                                | FFFFFFFEFFFFFFFFFF000000 |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/SeasonProfileName                                                   | "1"                      |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/SeasonStart                                                         | FFFF0101FF00000000FFC400 |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/WeekProfileName                                         | "1"                      |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DayId                                            | 1                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/1/StartTime         | "00000000"               |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/1/ScriptSelector    | 1                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/2/StartTime         | "07000000"               |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/2/ScriptSelector    | 2                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DayId                                           | 1                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/1/StartTime        | "00000000"               |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/1/ScriptSelector   | 1                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/2/StartTime        | "07000000"               |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/2/ScriptSelector   | 2                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DayId                                         | 1                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/1/StartTime      | "00000000"               |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/1/ScriptSelector | 1                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/2/StartTime      | "07000000"               |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/2/ScriptSelector | 2                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DayId                                          | 1                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/1/StartTime       | "00000000"               |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/1/ScriptSelector  | 1                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/2/StartTime       | "07000000"               |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/2/ScriptSelector  | 2                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DayId                                            | 1                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/1/StartTime         | "00000000"               |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/1/ScriptSelector    | 1                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/2/StartTime         | "07000000"               |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/2/ScriptSelector    | 2                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Saturday/DayId                                          | 2                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Saturday/DaySchedule/DayProfileAction/1/StartTime       | "00000000"               |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Saturday/DaySchedule/DayProfileAction/1/ScriptSelector  | 1                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Sunday/DayId                                            | 2                        |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Sunday/DaySchedule/DayProfileAction/1/StartTime         | "00000000"               |
      | Actions/1/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Sunday/DaySchedule/DayProfileAction/1/ScriptSelector    | 1                        |
    Then the answer has
      | path                                | value                              |
      | value/1/ActionResponse/Result       | OK                                 |
      | value/1/ActionResponse/resultString | Set Activity Calendar Result is OK |
    And attribute 2 of 20 0.0.13.0.0.255 of "<device>" is now 43616c2032303236

    Examples:
      | version    | device            |
      | DSMR 2.2   | TEST1026000000001 |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 4.3    | TEST1031000000001 |
      | SMR 5.0.0  | TEST1027000000001 |
      | SMR 5.1    | TEST1028000000001 |
      | SMR 5.2    | TEST1029000000001 |
      | SMR 5.5    | TEST1030000000001 |
