Feature: 085 Events of a meter's logs

  Scenario Outline: A log within a time
    Given the meter "<device>" of "<version>"
    And the event logs of "<device>" tell of September 2015
    When FindEvents is asked of "<device>" with
      | path                                     | value                  |
      | FindEventsRequestData/1/EventLogCategory | <log>                  |
      | FindEventsRequestData/1/From             | <from>T00:00:00+02:00  |
      | FindEventsRequestData/1/Until            | <until>T00:00:00+02:00 |
    Then <count> events are found

    Examples:
      | version    | device            | log                       | from       | until      | count |
      | DSMR 4.2.2 | TEST1024000000001 | STANDARD_EVENT_LOG        | 2014-08-15 | 2014-08-25 | 0     |
      | DSMR 4.2.2 | TEST1024000000001 | STANDARD_EVENT_LOG        | 2015-09-01 | 2015-09-05 | 21    |
      | DSMR 4.2.2 | TEST1024000000001 | FRAUD_DETECTION_LOG       | 2015-09-01 | 2015-09-03 | 9     |
      | DSMR 4.2.2 | TEST1024000000001 | COMMUNICATION_SESSION_LOG | 2015-09-01 | 2015-09-08 | 7     |
      | DSMR 4.2.2 | TEST1024000000001 | M_BUS_EVENT_LOG           | 2015-09-01 | 2015-09-05 | 30    |
      | SMR 5.1    | TEST1028000000001 | AUXILIARY_EVENT_LOG       | 2015-09-01 | 2015-10-01 | 169   |

  Scenario: Power quality with how much and how long
    Given the meter "TEST1029000000001" of "SMR 5.2"
    And the event logs of "TEST1029000000001" tell of September 2015
    When FindEvents is asked of "TEST1029000000001" with
      | path                                     | value                            |
      | FindEventsRequestData/1/EventLogCategory | POWER_QUALITY_EXTENDED_EVENT_LOG |
      | FindEventsRequestData/1/From             | 2015-09-01T00:00:00+02:00        |
      | FindEventsRequestData/1/Until            | 2015-10-01T00:00:00+02:00        |
    Then 6 events are found
    And each event has the details magnitude, duration

  Scenario: A log that the version does not have
    Given the meter "TEST1027000000001" of "SMR 5.0.0"
    When FindEvents is asked of "TEST1027000000001" with
      | path                                     | value                     |
      | FindEventsRequestData/1/EventLogCategory | AUXILIARY_EVENT_LOG       |
      | FindEventsRequestData/1/From             | 2015-09-01T00:00:00+02:00 |
      | FindEventsRequestData/1/Until            | 2015-10-01T00:00:00+02:00 |
    Then 0 events are found

  Scenario: A time that ends before it begins
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When FindEvents is asked of "TEST1024000000001" with
      | path                                     | value                     |
      | FindEventsRequestData/1/EventLogCategory | STANDARD_EVENT_LOG        |
      | FindEventsRequestData/1/From             | 2015-09-05T00:00:00+02:00 |
      | FindEventsRequestData/1/Until            | 2015-09-01T00:00:00+02:00 |
    Then it ends with fault 401
