Feature: 065 Which alarms a meter pushes

  Scenario Outline: Alarms of registers that the version does not have are passed over
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
      | version    |
      | DSMR 2.2   |
      | DSMR 4.2.2 |
      | SMR 4.3    |
      | SMR 5.0.0  |
      | SMR 5.1    |

  Scenario Outline: Registers 1 and 2
    Given the meter "TEST1024000000077" of "<version>"
    And attribute 2 of 1 0.0.97.98.10.255 of "TEST1024000000077" is double-long-unsigned 0
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
    And attribute 2 of 1 0.0.97.98.10.255 of "TEST1024000000077" is now 1
    And attribute 2 of 1 0.0.97.98.11.255 of "TEST1024000000077" is now 257

    Examples:
      | version |
      | SMR 5.2 |
      | SMR 5.5 |

  Scenario: Registers 1, 2 and 3
    Given the meter "TEST1024000000077" of "SMR 5.5"
    And attribute 2 of 1 0.0.97.98.10.255 of "TEST1024000000077" is double-long-unsigned 0
    And attribute 2 of 1 0.0.97.98.11.255 of "TEST1024000000077" is double-long-unsigned 0
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
    And attribute 2 of 1 0.0.97.98.10.255 of "TEST1024000000077" is now 1
    And attribute 2 of 1 0.0.97.98.11.255 of "TEST1024000000077" is now 1
    And attribute 2 of 1 0.0.97.98.12.255 of "TEST1024000000077" is now 1

  Scenario Outline: No alarm of register 1 any more
    Given the meter "TEST1024000000077" of "<version>"
    And attribute 2 of 1 0.0.97.98.10.255 of "TEST1024000000077" is double-long-unsigned 4294917919
    When SetAlarmNotifications is asked of "TEST1024000000077" with
      | path                                                                               | value                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/1/AlarmType  | CLOCK_INVALID                         |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/1/Enabled    | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/2/AlarmType  | REPLACE_BATTERY                       |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/2/Enabled    | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/3/AlarmType  | POWER_UP                              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/3/Enabled    | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/4/AlarmType  | AUXILIARY_EVENT                       |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/4/Enabled    | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/5/AlarmType  | CONFIGURATION_CHANGED                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/5/Enabled    | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/6/AlarmType  | PROGRAM_MEMORY_ERROR                  |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/6/Enabled    | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/7/AlarmType  | RAM_ERROR                             |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/7/Enabled    | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/8/AlarmType  | NV_MEMORY_ERROR                       |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/8/Enabled    | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/9/AlarmType  | MEASUREMENT_SYSTEM_ERROR              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/9/Enabled    | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/10/AlarmType | WATCHDOG_ERROR                        |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/10/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/11/AlarmType | FRAUD_ATTEMPT                         |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/11/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/12/AlarmType | COMMUNICATION_ERROR_M_BUS_CHANNEL_1   |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/12/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/13/AlarmType | COMMUNICATION_ERROR_M_BUS_CHANNEL_2   |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/13/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/14/AlarmType | COMMUNICATION_ERROR_M_BUS_CHANNEL_3   |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/14/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/15/AlarmType | COMMUNICATION_ERROR_M_BUS_CHANNEL_4   |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/15/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/16/AlarmType | FRAUD_ATTEMPT_M_BUS_CHANNEL_1         |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/16/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/17/AlarmType | FRAUD_ATTEMPT_M_BUS_CHANNEL_2         |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/17/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/18/AlarmType | FRAUD_ATTEMPT_M_BUS_CHANNEL_3         |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/18/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/19/AlarmType | FRAUD_ATTEMPT_M_BUS_CHANNEL_4         |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/19/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/20/AlarmType | NEW_M_BUS_DEVICE_DISCOVERED_CHANNEL_1 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/20/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/21/AlarmType | NEW_M_BUS_DEVICE_DISCOVERED_CHANNEL_2 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/21/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/22/AlarmType | NEW_M_BUS_DEVICE_DISCOVERED_CHANNEL_3 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/22/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/23/AlarmType | NEW_M_BUS_DEVICE_DISCOVERED_CHANNEL_4 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/23/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/24/AlarmType | PHASE_OUTAGE_DETECTED_L1              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/24/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/25/AlarmType | PHASE_OUTAGE_DETECTED_L2              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/25/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/26/AlarmType | PHASE_OUTAGE_DETECTED_L3              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/26/Enabled   | false                                 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/27/AlarmType | PHASE_OUTAGE_TEST_INDICATION          |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/27/Enabled   | false                                 |
    Then the answer is OK
    And attribute 2 of 1 0.0.97.98.10.255 of "TEST1024000000077" is now 0

    Examples:
      | version    |
      | DSMR 2.2   |
      | DSMR 4.2.2 |
      | SMR 4.3    |
      | SMR 5.0.0  |
      | SMR 5.1    |

  Scenario: No alarm of register 2 any more
    Given the meter "TEST1024000000077" of "SMR 5.2"
    And attribute 2 of 1 0.0.97.98.11.255 of "TEST1024000000077" is double-long-unsigned 16191
    When SetAlarmNotifications is asked of "TEST1024000000077" with
      | path                                                                               | value                              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/1/AlarmType  | VOLTAGE_SAG_IN_PHASE_DETECTED_L1   |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/1/Enabled    | false                              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/2/AlarmType  | VOLTAGE_SAG_IN_PHASE_DETECTED_L2   |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/2/Enabled    | false                              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/3/AlarmType  | VOLTAGE_SAG_IN_PHASE_DETECTED_L3   |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/3/Enabled    | false                              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/4/AlarmType  | VOLTAGE_SWELL_IN_PHASE_DETECTED_L1 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/4/Enabled    | false                              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/5/AlarmType  | VOLTAGE_SWELL_IN_PHASE_DETECTED_L2 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/5/Enabled    | false                              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/6/AlarmType  | VOLTAGE_SWELL_IN_PHASE_DETECTED_L3 |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/6/Enabled    | false                              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/7/AlarmType  | THD_OVERLIMIT_IN_PHASE_L1          |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/7/Enabled    | false                              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/8/AlarmType  | THD_OVERLIMIT_IN_PHASE_L2          |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/8/Enabled    | false                              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/9/AlarmType  | THD_OVERLIMIT_IN_PHASE_L3          |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/9/Enabled    | false                              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/10/AlarmType | THD_LONG_OVERLIMIT_IN_PHASE_L1     |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/10/Enabled   | false                              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/11/AlarmType | THD_LONG_OVERLIMIT_IN_PHASE_L2     |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/11/Enabled   | false                              |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/12/AlarmType | THD_LONG_OVERLIMIT_IN_PHASE_L3     |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/12/Enabled   | false                              |
    Then the answer is OK
    And attribute 2 of 1 0.0.97.98.11.255 of "TEST1024000000077" is now 0

  Scenario: No alarm of register 3 any more
    Given the meter "TEST1024000000077" of "SMR 5.5"
    And attribute 2 of 1 0.0.97.98.12.255 of "TEST1024000000077" is double-long-unsigned 3
    When SetAlarmNotifications is asked of "TEST1024000000077" with
      | path                                                                              | value          |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/1/AlarmType | LAST_GASP      |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/1/Enabled   | false          |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/2/AlarmType | LAST_GASP_TEST |
      | SetAlarmNotificationsRequestData/AlarmNotifications/AlarmNotification/2/Enabled   | false          |
    Then the answer is OK
    And attribute 2 of 1 0.0.97.98.12.255 of "TEST1024000000077" is now 0
