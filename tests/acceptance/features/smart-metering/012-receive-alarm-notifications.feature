Feature: 012 An alarm that a meter pushes is announced to its owner, who fetches it

  Scenario Outline: In the form of each generation
    Given the meter "<device>" of "<version>"
    When "<device>" pushes the alarm register <register> as <form>
    Then its owner is told of a PUSH_NOTIFICATION_ALARM of "<device>"
    And RetrievePushNotificationAlarm tells of <alarms>
    And GetPushNotificationAlarm tells of <alarms>
    And the message log of "<device>" tells of what came in

    Examples:
      | device            | version    | register | form              | alarms                            |
      | TEST1024000001201 | DSMR 4.2.2 | 2        | text              | REPLACE_BATTERY                   |
      | TEST1024000001202 | DSMR 4.2.2 | 8196     | text              | POWER_UP FRAUD_ATTEMPT            |
      | TEST1031000001203 | SMR 4.3    | 1        | text              | CLOCK_INVALID                     |
      | TEST1027000001204 | SMR 5.0.0  | 8196     | data-notification | POWER_UP FRAUD_ATTEMPT            |
      | TEST1029000001205 | SMR 5.2    | 1        | data-notification | CLOCK_INVALID                     |

  Scenario: A second register
    Given the meter "TEST1029000001206" of "SMR 5.2"
    When "TEST1029000001206" pushes the alarm registers 1 and 1 as data-notification
    Then its owner is told of a PUSH_NOTIFICATION_ALARM of "TEST1029000001206"
    And RetrievePushNotificationAlarm tells of CLOCK_INVALID VOLTAGE_SAG_IN_PHASE_DETECTED_L1

  Scenario: Nobody else may fetch it
    Given the meter "TEST1027000001207" of "SMR 5.0.0"
    When "TEST1027000001207" pushes the alarm register 2 as data-notification
    Then its owner is told of a PUSH_NOTIFICATION_ALARM of "TEST1027000001207"
    And RetrievePushNotificationAlarm by "GridTwo" ends with fault 405

  Scenario: A push of a device that nobody registered changes nothing for the one after it
    Given the meter "TEST1027000001208" of "SMR 5.0.0"
    When "TEST1027000009999" pushes the alarm register 2 as data-notification
    And "TEST1027000001208" pushes the alarm register 2 as data-notification
    Then its owner is told of a PUSH_NOTIFICATION_ALARM of "TEST1027000001208"
