Feature: What else a meter with short names is asked

  Background:
    Given the E650 "TEST1024000000005" with short names, HDLC and a password

  Scenario: Registers
    When GetActualMeterReads is asked of "TEST1024000000005"
    Then the answer has
      | path               | value    |
      | ActiveEnergyImport | 1234.567 |
      | ActiveEnergyExport | 1234.567 |

  Scenario: Interval values
    When GetPeriodicMeterReads is asked of "TEST1024000000005" with
      | path                                | value                |
      | PeriodicReadsRequestData/PeriodType | INTERVAL             |
      | PeriodicReadsRequestData/BeginDate  | 2015-09-07T00:00:00Z |
      | PeriodicReadsRequestData/EndDate    | 2015-09-07T01:00:00Z |
    Then the answer has 5 PeriodicMeterReads

  Scenario: The clock
    When SynchronizeTime is asked of "TEST1024000000005" with
      | path                                | value            |
      | SynchronizeTimeRequestData/TimeZone | Europe/Amsterdam |
    Then the answer is OK

  Scenario: What it does not have
    When GetAdministrativeStatus is asked of "TEST1024000000005"
    Then it ends with fault 416

  Scenario: A password that the meter does not take
    Given the E650 "TEST1024000000005" with another password
    When GetSpecificAttributeValue is asked of "TEST1024000000005" with
      | path          | value |
      | @BypassRetry  | true  |
      | ClassId       | 3     |
      | Attribute     | 18    |
      | ObisCode/a    | 0     |
      | ObisCode/b    | 0     |
      | ObisCode/c    | 96    |
      | ObisCode/d    | 240   |
      | ObisCode/e    | 12    |
      | ObisCode/f    | 255   |
    Then it ends with fault 223

  Scenario: The engine's process is killed while the meter is silent
    Given the meter falls silent
    When GetSpecificAttributeValue is on its way to "TEST1024000000005" with
      | path       | value |
      | ClassId    | 3     |
      | Attribute  | 18    |
      | ObisCode/a | 0     |
      | ObisCode/b | 0     |
      | ObisCode/c | 96    |
      | ObisCode/d | 240   |
      | ObisCode/e | 12    |
      | ObisCode/f | 255   |
    And the processes of the engine are killed
    And the meter speaks again
    Then the answer tells "4" in the end
