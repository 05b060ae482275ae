Feature: 051 Of a bundle that met trouble the next attempt carries out what is missing

  Scenario: The line breaks after the first action
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And "TEST1024000000001" drops the line of its next connection after 3 answers
    When Bundle is asked of "TEST1024000000001" with
      | path                                      | value            |
      | Actions/1/SynchronizeTimeRequest/TimeZone | Europe/Amsterdam |
      | Actions/2/GetActualMeterReadsRequest      | {}               |
      | Actions/3/GetAdministrativeStatusRequest  | {}               |
    Then the answers are
      | answer | response                     | text                               |
      | 1      | ActionResponse               | Synchronizing time was successful  |
      | 2      | ActualMeterReadsResponse     |                                    |
      | 3      | AdministrativeStatusResponse |                                    |
    And the clock of "TEST1024000000001" was set 1 time

  Scenario: The meter cannot do anything on its first connection
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And "TEST1024000000001" has a temporary failure on its next connection
    When Bundle is asked of "TEST1024000000001" with
      | path                                      | value            |
      | Actions/1/SynchronizeTimeRequest/TimeZone | Europe/Amsterdam |
      | Actions/2/GetActualMeterReadsRequest      | {}               |
      | Actions/3/GetAdministrativeStatusRequest  | {}               |
    Then the answers are
      | answer | response                     | text                               |
      | 1      | ActionResponse               | Synchronizing time was successful  |
      | 2      | ActualMeterReadsResponse     |                                    |
      | 3      | AdministrativeStatusResponse |                                    |

  Scenario: Without retries
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And "TEST1024000000001" has a temporary failure on its next connection
    When Bundle is asked of "TEST1024000000001" with
      | path                                      | value            |
      | Actions/1/SynchronizeTimeRequest/TimeZone | Europe/Amsterdam |
      | Actions/2/GetActualMeterReadsRequest      | {}               |
      | Actions/3/GetAdministrativeStatusRequest  | {}               |
      | @BypassRetry                              | true             |
    Then the answers are
      | answer | response                 | text |
      | 1      | FaultResponse            |      |
      | 2      | FaultResponse            |      |
      | 3      | FaultResponse            |      |
    And the fault of answer 1 tells "Error handling request with SynchronizeTimeCommandExecutor: AccessResultCode: TEMPORARY_FAILURE"

  Scenario: What the version lacks is not asked again
    Given the meter "TEST1026000000001" of "DSMR 2.2"
    When Bundle is asked of "TEST1026000000001" with
      | path                                      | value            |
      | Actions/1/SynchronizeTimeRequest/TimeZone | Europe/Amsterdam |
      | Actions/2/GetActualMeterReadsRequest      | {}               |
      | Actions/3/GetAdministrativeStatusRequest  | {}               |
    Then the answers are
      | answer | response                 | text                              |
      | 1      | ActionResponse           | Synchronizing time was successful |
      | 2      | ActualMeterReadsResponse |                                   |
      | 3      | FaultResponse            |                                   |
    And "TEST1026000000001" had 1 association
