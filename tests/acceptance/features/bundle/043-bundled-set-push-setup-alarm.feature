Feature: 043 Where and what a meter pushes at alarms is set in a bundle

  Scenario Outline: Versions that have it
    Given the meter "<device>" of "<version>"
    When Bundle is asked of "<device>" with
      | path                                                                              | value     |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/Host                            | localhost |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/Port                            | 9598      |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/ClassId        | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/a  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/b  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/c  | 96        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/d  | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/e  | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/f  | 255       |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/AttributeIndex | 2         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/DataIndex      | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/ClassId        | 40        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/a  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/b  | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/c  | 25        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/d  | 9         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/e  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/f  | 255       |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/AttributeIndex | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/DataIndex      | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/ClassId        | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/a  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/b  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/c  | 97        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/d  | 98        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/e  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/f  | 255       |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/AttributeIndex | 2         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/DataIndex      | 0         |
    Then the answer has
      | path                                | value                                   |
      | value/1/ActionResponse/Result       | OK                                      |
      | value/1/ActionResponse/resultString | Setting push setup alarm was successful |
    And "<device>" now pushes alarms to localhost:9598 with 3 objects

    Examples:
      | version    | device            |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 5.0.0  | TEST1027000000001 |
      | SMR 5.1    | TEST1028000000001 |
      | SMR 5.2    | TEST1029000000001 |
      | SMR 5.5    | TEST1030000000001 |

  Scenario Outline: With the second alarm register
    Given the meter "<device>" of "<version>" with
      | setting              | value |
      | communication_method | GPRS  |
    When Bundle is asked of "<device>" with
      | path                                                                              | value     |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/Host                            | localhost |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/Port                            | 9598      |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/ClassId        | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/a  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/b  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/c  | 96        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/d  | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/e  | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/f  | 255       |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/AttributeIndex | 2         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/DataIndex      | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/ClassId        | 40        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/a  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/b  | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/c  | 25        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/d  | 9         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/e  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/f  | 255       |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/AttributeIndex | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/DataIndex      | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/ClassId        | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/a  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/b  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/c  | 97        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/d  | 98        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/e  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/f  | 255       |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/AttributeIndex | 2         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/DataIndex      | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/4/ClassId        | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/4/LogicalName/a  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/4/LogicalName/b  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/4/LogicalName/c  | 97        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/4/LogicalName/d  | 98        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/4/LogicalName/e  | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/4/LogicalName/f  | 255       |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/4/AttributeIndex | 2         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/4/DataIndex      | 0         |
    Then the answer has
      | path                                | value                                   |
      | value/1/ActionResponse/Result       | OK                                      |
      | value/1/ActionResponse/resultString | Setting push setup alarm was successful |
    And "<device>" now pushes alarms to localhost:9598 with 4 objects

    Examples:
      | version | device            |
      | SMR 5.2 | TEST1029000000001 |
      | SMR 5.5 | TEST1030000000001 |

  Scenario: DSMR 2.2 does not
    Given the meter "TEST1026000000001" of "DSMR 2.2"
    When Bundle is asked of "TEST1026000000001" with
      | path                                                                              | value     |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/Host                            | localhost |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/Port                            | 9598      |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/ClassId        | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/a  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/b  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/c  | 96        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/d  | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/e  | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/LogicalName/f  | 255       |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/AttributeIndex | 2         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/1/DataIndex      | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/ClassId        | 40        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/a  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/b  | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/c  | 25        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/d  | 9         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/e  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/LogicalName/f  | 255       |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/AttributeIndex | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/2/DataIndex      | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/ClassId        | 1         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/a  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/b  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/c  | 97        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/d  | 98        |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/e  | 0         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/LogicalName/f  | 255       |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/AttributeIndex | 2         |
      | Actions/1/SetPushSetupAlarmRequest/PushSetupAlarm/PushObjectList/3/DataIndex      | 0         |
    Then the answer has
      | path                          | value                                                                                                                    |
      | value/1/FaultResponse/Message | Error handling request with SetPushSetupAlarmCommandExecutor: No address found for PUSH_SETUP_ALARM in protocol DSMR 2.2 |
