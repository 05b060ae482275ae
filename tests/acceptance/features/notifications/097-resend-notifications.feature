Feature: 097 Notifications that did not arrive are sent again

  Scenario: To the address that is configured, once
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When GetPeriodicMeterReads is asked of "TEST1024000000001" with
      | path                                | value                |
      | PeriodicReadsRequestData/PeriodType | DAILY                |
      | PeriodicReadsRequestData/BeginDate  | 2022-05-02T00:00:00Z |
      | PeriodicReadsRequestData/EndDate    | 2022-05-02T00:00:00Z |
    Then the notification REQUEST_PERIODIC_METER_DATA has been sent to the configured address after 1 attempt

  Scenario: To the response URL of the request, two minutes later
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When GetPeriodicMeterReads is asked of "TEST1024000000001" with a response URL and
      | path                                | value                |
      | PeriodicReadsRequestData/PeriodType | DAILY                |
      | PeriodicReadsRequestData/BeginDate  | 2022-05-02T00:00:00Z |
      | PeriodicReadsRequestData/EndDate    | 2022-05-02T00:00:00Z |
    And the first attempt at its notification has failed
    And its client listens
    And 2 minutes have passed for its notification
    Then the notification has been sent to the response URL after 2 attempts

  Scenario: Not before its time
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When GetPeriodicMeterReads is asked of "TEST1024000000001" with a response URL and
      | path                                | value                |
      | PeriodicReadsRequestData/PeriodType | DAILY                |
      | PeriodicReadsRequestData/BeginDate  | 2022-05-02T00:00:00Z |
      | PeriodicReadsRequestData/EndDate    | 2022-05-02T00:00:00Z |
    And the first attempt at its notification has failed
    And its client listens
    And GetActualMeterReads of "TEST1024000000001" has been notified at another response URL
    Then no notification of the first has been sent, after 1 attempt

  Scenario: Not when its time is over
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When GetPeriodicMeterReads is asked of "TEST1024000000001" with a response URL and
      | path                                | value                |
      | PeriodicReadsRequestData/PeriodType | DAILY                |
      | PeriodicReadsRequestData/BeginDate  | 2022-05-02T00:00:00Z |
      | PeriodicReadsRequestData/EndDate    | 2022-05-02T00:00:00Z |
    And the first attempt at its notification has failed
    And a day has passed for its notification
    And its client listens
    Then the notification has been given up after 1 attempt
