Feature: 041 Which alarms are pushed is chosen in a bundle

  Scenario: Register 1
    Given the meter "TEST1024000000077" of "DSMR 4.2.2"
    And attribute 2 of 1 0.0.97.98.10.255 of "TEST1024000000077" is double-long-unsigned 0
    When Bundle is asked of "TEST1024000000077" with
      | path                                                                                    | value         |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/1/AlarmType | POWER_UP      |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/1/Enabled   | true          |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/2/AlarmType | FRAUD_ATTEMPT |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/2/Enabled   | true          |
    Then the answer tells "Set alarm notifications was successful"
    And attribute 2 of 1 0.0.97.98.10.255 of "TEST1024000000077" is now 8196

  Scenario: Register 2
    Given the meter "TEST1024000000077" of "SMR 5.2"
    And attribute 2 of 1 0.0.97.98.11.255 of "TEST1024000000077" is double-long-unsigned 0
    When Bundle is asked of "TEST1024000000077" with
      | path                                                                                     | value                              |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/1/AlarmType  | VOLTAGE_SAG_IN_PHASE_DETECTED_L1   |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/1/Enabled    | true                               |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/2/AlarmType  | VOLTAGE_SAG_IN_PHASE_DETECTED_L2   |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/2/Enabled    | true                               |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/3/AlarmType  | VOLTAGE_SAG_IN_PHASE_DETECTED_L3   |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/3/Enabled    | true                               |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/4/AlarmType  | VOLTAGE_SWELL_IN_PHASE_DETECTED_L1 |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/4/Enabled    | true                               |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/5/AlarmType  | VOLTAGE_SWELL_IN_PHASE_DETECTED_L2 |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/5/Enabled    | true                               |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/6/AlarmType  | VOLTAGE_SWELL_IN_PHASE_DETECTED_L3 |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/6/Enabled    | true                               |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/7/AlarmType  | THD_OVERLIMIT_IN_PHASE_L1          |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/7/Enabled    | true                               |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/8/AlarmType  | THD_OVERLIMIT_IN_PHASE_L2          |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/8/Enabled    | true                               |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/9/AlarmType  | THD_OVERLIMIT_IN_PHASE_L3          |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/9/Enabled    | true                               |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/10/AlarmType | THD_LONG_OVERLIMIT_IN_PHASE_L1     |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/10/Enabled   | true                               |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/11/AlarmType | THD_LONG_OVERLIMIT_IN_PHASE_L2     |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/11/Enabled   | true                               |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/12/AlarmType | THD_LONG_OVERLIMIT_IN_PHASE_L3     |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/12/Enabled   | true                               |
    Then the answer tells "Set alarm notifications was successful"
    And attribute 2 of 1 0.0.97.98.11.255 of "TEST1024000000077" is now 16191

  Scenario: Register 3
    Given the meter "TEST1024000000077" of "SMR 5.5"
    And attribute 2 of 1 0.0.97.98.12.255 of "TEST1024000000077" is double-long-unsigned 0
    When Bundle is asked of "TEST1024000000077" with
      | path                                                                                    | value          |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/1/AlarmType | LAST_GASP_TEST |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/1/Enabled   | true           |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/2/AlarmType | LAST_GASP      |
      | Actions/1/SetAlarmNotificationsRequest/AlarmNotifications/AlarmNotification/2/Enabled   | true           |
    Then the answer tells "Set alarm notifications was successful"
    And attribute 2 of 1 0.0.97.98.12.255 of "TEST1024000000077" is now 3
