Feature: 075 Response URLs are removed when they are old

  Scenario: A month old
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When GetActualMeterReads is asked of "TEST1024000000001" with a response URL
    And its notification has been sent to the response URL
    And 31 days have passed for its response URL
    Then its response URL is removed

  Scenario: Of now
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When GetActualMeterReads is asked of "TEST1024000000001" with a response URL
    And its notification has been sent to the response URL
    And the clean-up job has run
    Then its response URL is kept
