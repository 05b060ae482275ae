Feature: 023 Event logs are read in a bundle

  Scenario: DSMR 2.2
    Given the meter "TEST1026000000001" of "DSMR 2.2"
    And the event logs of "TEST1026000000001" tell of September 2015
    When Bundle is asked of "TEST1026000000001" with
      | path                                         | value                            |
      | Actions/1/FindEventsRequest/EventLogCategory | STANDARD_EVENT_LOG               |
      | Actions/1/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/1/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/EventLogCategory | FRAUD_DETECTION_LOG              |
      | Actions/2/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/EventLogCategory | COMMUNICATION_SESSION_LOG        |
      | Actions/3/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/EventLogCategory | M_BUS_EVENT_LOG                  |
      | Actions/4/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/EventLogCategory | POWER_QUALITY_EVENT_LOG          |
      | Actions/5/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/EventLogCategory | AUXILIARY_EVENT_LOG              |
      | Actions/6/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/EventLogCategory | POWER_QUALITY_EXTENDED_EVENT_LOG |
      | Actions/7/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/EventLogCategory | POWER_QUALITY_THD_EVENT_LOG      |
      | Actions/8/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
    Then the answers to FindEvents are
      | answer | events | fault                                                                      |
      | 1      | 21     |                                                                            |
      | 2      | 9      |                                                                            |
      | 3      |        | No address found for COMMUNICATION_SESSION_EVENT_LOG in protocol DSMR 2.2  |
      | 4      | 30     |                                                                            |
      | 5      |        | No address found for POWER_QUALITY_EVENT_LOG in protocol DSMR 2.2          |
      | 6      |        | No address found for AUXILIARY_EVENT_LOG in protocol DSMR 2.2              |
      | 7      |        | No address found for POWER_QUALITY_EXTENDED_EVENT_LOG in protocol DSMR 2.2 |
      | 8      |        | No address found for POWER_QUALITY_THD_EVENT_LOG in protocol DSMR 2.2      |

  Scenario: DSMR 4.2.2
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And the event logs of "TEST1024000000001" tell of September 2015
    When Bundle is asked of "TEST1024000000001" with
      | path                                         | value                            |
      | Actions/1/FindEventsRequest/EventLogCategory | STANDARD_EVENT_LOG               |
      | Actions/1/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/1/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/EventLogCategory | FRAUD_DETECTION_LOG              |
      | Actions/2/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/EventLogCategory | COMMUNICATION_SESSION_LOG        |
      | Actions/3/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/EventLogCategory | M_BUS_EVENT_LOG                  |
      | Actions/4/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/EventLogCategory | POWER_QUALITY_EVENT_LOG          |
      | Actions/5/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/EventLogCategory | AUXILIARY_EVENT_LOG              |
      | Actions/6/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/EventLogCategory | POWER_QUALITY_EXTENDED_EVENT_LOG |
      | Actions/7/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/EventLogCategory | POWER_QUALITY_THD_EVENT_LOG      |
      | Actions/8/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
    Then the answers to FindEvents are
      | answer | events | fault                                                                        |
      | 1      | 21     |                                                                              |
      | 2      | 9      |                                                                              |
      | 3      | 7      |                                                                              |
      | 4      | 30     |                                                                              |
      | 5      |        | No address found for POWER_QUALITY_EVENT_LOG in protocol DSMR 4.2.2          |
      | 6      |        | No address found for AUXILIARY_EVENT_LOG in protocol DSMR 4.2.2              |
      | 7      |        | No address found for POWER_QUALITY_EXTENDED_EVENT_LOG in protocol DSMR 4.2.2 |
      | 8      |        | No address found for POWER_QUALITY_THD_EVENT_LOG in protocol DSMR 4.2.2      |

  Scenario: SMR 4.3
    Given the meter "TEST1031000000001" of "SMR 4.3"
    And the event logs of "TEST1031000000001" tell of September 2015
    When Bundle is asked of "TEST1031000000001" with
      | path                                         | value                            |
      | Actions/1/FindEventsRequest/EventLogCategory | STANDARD_EVENT_LOG               |
      | Actions/1/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/1/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/EventLogCategory | FRAUD_DETECTION_LOG              |
      | Actions/2/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/EventLogCategory | COMMUNICATION_SESSION_LOG        |
      | Actions/3/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/EventLogCategory | M_BUS_EVENT_LOG                  |
      | Actions/4/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/EventLogCategory | POWER_QUALITY_EVENT_LOG          |
      | Actions/5/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/EventLogCategory | AUXILIARY_EVENT_LOG              |
      | Actions/6/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/EventLogCategory | POWER_QUALITY_EXTENDED_EVENT_LOG |
      | Actions/7/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/EventLogCategory | POWER_QUALITY_THD_EVENT_LOG      |
      | Actions/8/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
    Then the answers to FindEvents are
      | answer | events | fault                                                                     |
      | 1      | 21     |                                                                           |
      | 2      | 9      |                                                                           |
      | 3      | 7      |                                                                           |
      | 4      | 30     |                                                                           |
      | 5      |        | No address found for POWER_QUALITY_EVENT_LOG in protocol SMR 4.3          |
      | 6      |        | No address found for AUXILIARY_EVENT_LOG in protocol SMR 4.3              |
      | 7      |        | No address found for POWER_QUALITY_EXTENDED_EVENT_LOG in protocol SMR 4.3 |
      | 8      |        | No address found for POWER_QUALITY_THD_EVENT_LOG in protocol SMR 4.3      |

  Scenario: SMR 5.0.0
    Given the meter "TEST1027000000001" of "SMR 5.0.0"
    And the event logs of "TEST1027000000001" tell of September 2015
    When Bundle is asked of "TEST1027000000001" with
      | path                                         | value                            |
      | Actions/1/FindEventsRequest/EventLogCategory | STANDARD_EVENT_LOG               |
      | Actions/1/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/1/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/EventLogCategory | FRAUD_DETECTION_LOG              |
      | Actions/2/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/EventLogCategory | COMMUNICATION_SESSION_LOG        |
      | Actions/3/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/EventLogCategory | M_BUS_EVENT_LOG                  |
      | Actions/4/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/EventLogCategory | POWER_QUALITY_EVENT_LOG          |
      | Actions/5/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/EventLogCategory | AUXILIARY_EVENT_LOG              |
      | Actions/6/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/EventLogCategory | POWER_QUALITY_EXTENDED_EVENT_LOG |
      | Actions/7/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/EventLogCategory | POWER_QUALITY_THD_EVENT_LOG      |
      | Actions/8/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
    Then the answers to FindEvents are
      | answer | events | fault                                                                       |
      | 1      | 21     |                                                                             |
      | 2      | 9      |                                                                             |
      | 3      | 7      |                                                                             |
      | 4      | 30     |                                                                             |
      | 5      | 19     |                                                                             |
      | 6      |        | No address found for AUXILIARY_EVENT_LOG in protocol SMR 5.0.0              |
      | 7      |        | No address found for POWER_QUALITY_EXTENDED_EVENT_LOG in protocol SMR 5.0.0 |
      | 8      |        | No address found for POWER_QUALITY_THD_EVENT_LOG in protocol SMR 5.0.0      |

  Scenario: SMR 5.1
    Given the meter "TEST1028000000001" of "SMR 5.1"
    And the event logs of "TEST1028000000001" tell of September 2015
    When Bundle is asked of "TEST1028000000001" with
      | path                                         | value                            |
      | Actions/1/FindEventsRequest/EventLogCategory | STANDARD_EVENT_LOG               |
      | Actions/1/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/1/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/EventLogCategory | FRAUD_DETECTION_LOG              |
      | Actions/2/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/EventLogCategory | COMMUNICATION_SESSION_LOG        |
      | Actions/3/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/EventLogCategory | M_BUS_EVENT_LOG                  |
      | Actions/4/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/EventLogCategory | POWER_QUALITY_EVENT_LOG          |
      | Actions/5/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/EventLogCategory | AUXILIARY_EVENT_LOG              |
      | Actions/6/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/EventLogCategory | POWER_QUALITY_EXTENDED_EVENT_LOG |
      | Actions/7/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/EventLogCategory | POWER_QUALITY_THD_EVENT_LOG      |
      | Actions/8/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
    Then the answers to FindEvents are
      | answer | events | fault                                                                     |
      | 1      | 21     |                                                                           |
      | 2      | 9      |                                                                           |
      | 3      | 7      |                                                                           |
      | 4      | 30     |                                                                           |
      | 5      | 19     |                                                                           |
      | 6      | 169    |                                                                           |
      | 7      |        | No address found for POWER_QUALITY_EXTENDED_EVENT_LOG in protocol SMR 5.1 |
      | 8      |        | No address found for POWER_QUALITY_THD_EVENT_LOG in protocol SMR 5.1      |

  Scenario: SMR 5.2
    Given the meter "TEST1029000000001" of "SMR 5.2"
    And the event logs of "TEST1029000000001" tell of September 2015
    When Bundle is asked of "TEST1029000000001" with
      | path                                         | value                            |
      | Actions/1/FindEventsRequest/EventLogCategory | STANDARD_EVENT_LOG               |
      | Actions/1/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/1/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/EventLogCategory | FRAUD_DETECTION_LOG              |
      | Actions/2/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/EventLogCategory | COMMUNICATION_SESSION_LOG        |
      | Actions/3/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/EventLogCategory | M_BUS_EVENT_LOG                  |
      | Actions/4/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/EventLogCategory | POWER_QUALITY_EVENT_LOG          |
      | Actions/5/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/EventLogCategory | AUXILIARY_EVENT_LOG              |
      | Actions/6/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/EventLogCategory | POWER_QUALITY_EXTENDED_EVENT_LOG |
      | Actions/7/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/EventLogCategory | POWER_QUALITY_THD_EVENT_LOG      |
      | Actions/8/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
    Then the answers to FindEvents are
      | answer | events | fault |
      | 1      | 21     |       |
      | 2      | 9      |       |
      | 3      | 7      |       |
      | 4      | 30     |       |
      | 5      | 19     |       |
      | 6      | 169    |       |
      | 7      | 6      |       |
      | 8      | 9      |       |

  Scenario: SMR 5.5
    Given the meter "TEST1030000000001" of "SMR 5.5"
    And the event logs of "TEST1030000000001" tell of September 2015
    When Bundle is asked of "TEST1030000000001" with
      | path                                         | value                            |
      | Actions/1/FindEventsRequest/EventLogCategory | STANDARD_EVENT_LOG               |
      | Actions/1/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/1/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/EventLogCategory | FRAUD_DETECTION_LOG              |
      | Actions/2/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/2/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/EventLogCategory | COMMUNICATION_SESSION_LOG        |
      | Actions/3/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/3/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/EventLogCategory | M_BUS_EVENT_LOG                  |
      | Actions/4/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/4/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/EventLogCategory | POWER_QUALITY_EVENT_LOG          |
      | Actions/5/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/5/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/EventLogCategory | AUXILIARY_EVENT_LOG              |
      | Actions/6/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/6/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/EventLogCategory | POWER_QUALITY_EXTENDED_EVENT_LOG |
      | Actions/7/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/7/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/EventLogCategory | POWER_QUALITY_THD_EVENT_LOG      |
      | Actions/8/FindEventsRequest/From             | 2015-09-01T00:00:00+02:00        |
      | Actions/8/FindEventsRequest/Until            | 2015-09-05T00:00:00+02:00        |
    Then the answers to FindEvents are
      | answer | events | fault |
      | 1      | 21     |       |
      | 2      | 9      |       |
      | 3      | 7      |       |
      | 4      | 30     |       |
      | 5      | 19     |       |
      | 6      | 169    |       |
      | 7      | 6      |       |
      | 8      | 9      |       |

  Scenario: An event code that nobody knows
    Given the meter "TEST1030000000001" of "SMR 5.5"
    And the event logs of "TEST1030000000001" tell of September 2015
    When Bundle is asked of "TEST1030000000001" with
      | path                                         | value                     |
      | Actions/1/FindEventsRequest/EventLogCategory | AUXILIARY_EVENT_LOG       |
      | Actions/1/FindEventsRequest/From             | 2013-09-01T00:00:00+02:00 |
      | Actions/1/FindEventsRequest/Until            | 2016-09-05T00:00:00+02:00 |
    Then the answers to FindEvents are
      | answer | events | fault |
      | 1      | 170    |       |
    And 1 of the events is of type UNKNOWN_EVENT_HEADEND
