Feature: 067 Where a meter pushes its alarms, and what with them

  Scenario Outline: Destination and objects
    Given the meter "TEST1024000000067" of "<version>"
    When SetPushSetupAlarm is asked of "TEST1024000000067" with
      | path                                                                        | value      |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/Host                            | localhost2 |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/Port                            | 4321       |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/1/ClassId        | 1          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/1/LogicalName/a  | 0          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/1/LogicalName/b  | 0          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/1/LogicalName/c  | 96         |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/1/LogicalName/d  | 1          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/1/LogicalName/e  | 1          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/1/LogicalName/f  | 255        |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/1/AttributeIndex | 2          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/1/DataIndex      | 0          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/2/ClassId        | 40         |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/2/LogicalName/a  | 0          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/2/LogicalName/b  | 1          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/2/LogicalName/c  | 25         |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/2/LogicalName/d  | 9          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/2/LogicalName/e  | 0          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/2/LogicalName/f  | 255        |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/2/AttributeIndex | 1          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/2/DataIndex      | 0          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/3/ClassId        | 1          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/3/LogicalName/a  | 0          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/3/LogicalName/b  | 0          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/3/LogicalName/c  | 97         |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/3/LogicalName/d  | 98         |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/3/LogicalName/e  | 0          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/3/LogicalName/f  | 255        |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/3/AttributeIndex | 2          |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/PushObjectList/3/DataIndex      | 0          |
    Then the answer is OK
    And the meter of "TEST1024000000067" pushes its alarms to "localhost2:4321" as message type <type>
    And the meter of "TEST1024000000067" pushes with its alarms
      | class | name            | attribute | index |
      | 1     | 0.0.96.1.1.255  | 2         | 0     |
      | 40    | 0.1.25.9.0.255  | 1         | 0     |
      | 1     | 0.0.97.98.0.255 | 2         | 0     |

    Examples:
      | version    | type |
      | DSMR 4.2.2 | 128  |
      | SMR 5.0.0  | 0    |
      | SMR 5.1    | 0    |
      | SMR 5.2    | 0    |
      | SMR 5.5    | 0    |

  Scenario: DSMR 2.2 does not have it
    Given the meter "TEST1024000000067" of "DSMR 2.2"
    When SetPushSetupAlarm is asked of "TEST1024000000067" with
      | path                                             | value      |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/Host | localhost2 |
      | SetPushSetupAlarmRequestData/PushSetupAlarm/Port | 4321       |
    Then the answer is NOT OK
