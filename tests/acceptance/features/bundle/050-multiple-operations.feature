Feature: 050 Many operations in one bundle

  Scenario: Thirteen actions have thirteen answers in the same order
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And channel 1 of "TEST1024000000001" holds 9/12056731/LGB/66/3
    And the M-Bus device "TESTG102400000001"
    And "TESTG102400000001" is coupled on channel 1 of "TEST1024000000001"
    And the event logs of "TEST1024000000001" tell of September 2015
    When Bundle is asked of "TEST1024000000001" with
      | path                                                                                                                                             | value                     |
      | Actions/1/FindEventsRequest/EventLogCategory                                                                                                     | FRAUD_DETECTION_LOG       |
      | Actions/1/FindEventsRequest/From                                                                                                                 | 2014-09-02T00:00:00+02:00 |
      | Actions/1/FindEventsRequest/Until                                                                                                                | 2015-09-03T00:00:00+02:00 |
      | Actions/2/SetSpecialDaysRequest/SpecialDays/1/specialDayDate                                                                                     | FFFFFFFFFF                |
      | Actions/2/SetSpecialDaysRequest/SpecialDays/1/dayId                                                                                              | 3                         |
      | Actions/3/GetSpecificAttributeValueRequest/ClassId                                                                                               | 1                         |
      | Actions/3/GetSpecificAttributeValueRequest/Attribute                                                                                             | 2                         |
      | Actions/3/GetSpecificAttributeValueRequest/ObisCode/a                                                                                            | 0                         |
      | Actions/3/GetSpecificAttributeValueRequest/ObisCode/b                                                                                            | 0                         |
      | Actions/3/GetSpecificAttributeValueRequest/ObisCode/c                                                                                            | 96                        |
      | Actions/3/GetSpecificAttributeValueRequest/ObisCode/d                                                                                            | 14                        |
      | Actions/3/GetSpecificAttributeValueRequest/ObisCode/e                                                                                            | 0                         |
      | Actions/3/GetSpecificAttributeValueRequest/ObisCode/f                                                                                            | 255                       |
      | Actions/4/SetAdministrativeStatusRequest/AdministrativeStatusType                                                                                | ON                        |
      | Actions/5/GetActualMeterReadsRequest                                                                                                             | {}                        |
      | Actions/6/GetAdministrativeStatusRequest                                                                                                         | {}                        |
      | Actions/7/GetMbusEncryptionKeyStatusRequest/MbusDeviceIdentification                                                                             | TESTG102400000001         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/CalendarName                                                                               | Cal 2026                  |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/ActivatePassiveCalendarTime                                                                | FFFFFFFEFFFFFFFFFF000000  |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/SeasonProfileName                                                   | "1"                       |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/SeasonStart                                                         | FFFF0101FF00000000FFC400  |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/WeekProfileName                                         | "1"                       |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DayId                                            | 1                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/1/StartTime         | "00000000"                |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/1/ScriptSelector    | 1                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/2/StartTime         | "07000000"                |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Monday/DaySchedule/DayProfileAction/2/ScriptSelector    | 2                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DayId                                           | 1                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/1/StartTime        | "00000000"                |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/1/ScriptSelector   | 1                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/2/StartTime        | "07000000"                |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Tuesday/DaySchedule/DayProfileAction/2/ScriptSelector   | 2                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DayId                                         | 1                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/1/StartTime      | "00000000"                |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/1/ScriptSelector | 1                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/2/StartTime      | "07000000"                |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Wednesday/DaySchedule/DayProfileAction/2/ScriptSelector | 2                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DayId                                          | 1                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/1/StartTime       | "00000000"                |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/1/ScriptSelector  | 1                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/2/StartTime       | "07000000"                |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Thursday/DaySchedule/DayProfileAction/2/ScriptSelector  | 2                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DayId                                            | 1                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/1/StartTime         | "00000000"                |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/1/ScriptSelector    | 1                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/2/StartTime         | "07000000"                |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Friday/DaySchedule/DayProfileAction/2/ScriptSelector    | 2                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Saturday/DayId                                          | 2                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Saturday/DaySchedule/DayProfileAction/1/StartTime       | "00000000"                |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Saturday/DaySchedule/DayProfileAction/1/ScriptSelector  | 1                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Sunday/DayId                                            | 2                         |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Sunday/DaySchedule/DayProfileAction/1/StartTime         | "00000000"                |
      | Actions/8/SetActivityCalendarRequest/ActivityCalendar/SeasonProfile/Season/1/WeekProfile/Sunday/DaySchedule/DayProfileAction/1/ScriptSelector    | 1                         |
      | Actions/9/GetConfigurationObjectRequest                                                                                                          | {}                        |
      | Actions/10/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/1/AlarmType                                                         | POWER_UP                  |
      | Actions/10/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/1/Enabled                                                           | true                      |
      | Actions/11/SetConfigurationObjectRequest/ConfigurationObject/GprsOperationMode                                                                   | ALWAYS_ON                 |
      | Actions/11/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/ConfigurationFlagType                        | DISCOVER_ON_POWER_ON      |
      | Actions/11/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/Enabled                                      | true                      |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/Host                                                                                          | localhost                 |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/Port                                                                                          | 9598                      |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/ClassId                                                                      | 1                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/a                                                                | 0                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/b                                                                | 0                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/c                                                                | 96                        |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/d                                                                | 1                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/e                                                                | 1                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/f                                                                | 255                       |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/AttributeIndex                                                               | 2                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/DataIndex                                                                    | 0                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/ClassId                                                                      | 40                        |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/a                                                                | 0                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/b                                                                | 1                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/c                                                                | 25                        |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/d                                                                | 9                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/e                                                                | 0                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/f                                                                | 255                       |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/AttributeIndex                                                               | 1                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/DataIndex                                                                    | 0                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/ClassId                                                                      | 1                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/a                                                                | 0                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/b                                                                | 0                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/c                                                                | 97                        |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/d                                                                | 98                        |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/e                                                                | 0                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/f                                                                | 255                       |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/AttributeIndex                                                               | 2                         |
      | Actions/12/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/DataIndex                                                                    | 0                         |
      | Actions/13/SynchronizeTimeRequest/TimeZone                                                                                                       | Europe/Amsterdam          |
    Then the answers are
      | answer | response                           | text                                     |
      | 1      | FindEventsResponse                 |                                          |
      | 2      | ActionResponse                     | Set special days was successful          |
      | 3      | ActionResponse                     |                                          |
      | 4      | ActionResponse                     | Set administrative status was successful |
      | 5      | ActualMeterReadsResponse           |                                          |
      | 6      | AdministrativeStatusResponse       |                                          |
      | 7      | GetMbusEncryptionKeyStatusResponse |                                          |
      | 8      | ActionResponse                     | Set Activity Calendar Result is OK       |
      | 9      | GetConfigurationObjectResponse     |                                          |
      | 10     | ActionResponse                     | Set alarm notifications was successful   |
      | 11     | ActionResponse                     | Set configuration object was successful  |
      | 12     | ActionResponse                     | Setting push setup alarm was successful  |
      | 13     | ActionResponse                     | Synchronizing time was successful        |
