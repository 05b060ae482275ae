Feature: 065 Which alarms are pushed; those of registers that a version lacks are left out

  Scenario Outline: Register 1
    Given the meter "TEST1024000000077" of "<version>"
    And attribute 2 of 1 0.0.97.98.10.255 of "TEST1024000000077" is double-long-unsigned 0
    When SetAlarmNotifications is asked of "TEST1024000000077" with
      | path                                                                              | value                            |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/1/AlarmType | CLOCK_INVALID                    |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/1/Enabled   | true                             |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/2/AlarmType | VOLTAGE_SAG_IN_PHASE_DETECTED_L1 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/2/Enabled   | true                             |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/3/AlarmType | LAST_GASP                        |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/3/Enabled   | true                             |
    Then the answer is OK
    And attribute 2 of 1 0.0.97.98.10.255 of "TEST1024000000077" is now 1

    Examples:
      | version |
      | DSMR 2.2 |
      | DSMR 4.2.2 |
      | SMR 4.3 |
      | SMR 5.0.0 |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |

  Scenario Outline: Register 2
    Given the meter "TEST1024000000077" of "<version>"
    And attribute 2 of 1 0.0.97.98.11.255 of "TEST1024000000077" is double-long-unsigned 0
    When SetAlarmNotifications is asked of "TEST1024000000077" with
      | path                                                                              | value                            |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/1/AlarmType | CLOCK_INVALID                    |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/1/Enabled   | true                             |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/2/AlarmType | VOLTAGE_SAG_IN_PHASE_DETECTED_L1 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/2/Enabled   | true                             |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/3/AlarmType | LAST_GASP                        |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/3/Enabled   | true                             |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/4/AlarmType | THD_OVERLIMIT_IN_PHASE_L1        |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/4/Enabled   | true                             |
    Then the answer is OK
    And attribute 2 of 1 0.0.97.98.11.255 of "TEST1024000000077" is now 257

    Examples:
      | version |
      | SMR 5.2 |
      | SMR 5.5 |

  Scenario: Register 3
    Given the meter "TEST1024000000077" of "SMR 5.5"
    And attribute 2 of 1 0.0.97.98.12.255 of "TEST1024000000077" is double-long-unsigned 0
    When SetAlarmNotifications is asked of "TEST1024000000077" with
      | path                                                                              | value                            |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/1/AlarmType | CLOCK_INVALID                    |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/1/Enabled   | true                             |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/2/AlarmType | VOLTAGE_SAG_IN_PHASE_DETECTED_L1 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/2/Enabled   | true                             |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/3/AlarmType | LAST_GASP                        |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/3/Enabled   | true                             |
    Then the answer is OK
    And attribute 2 of 1 0.0.97.98.12.255 of "TEST1024000000077" is now 1
