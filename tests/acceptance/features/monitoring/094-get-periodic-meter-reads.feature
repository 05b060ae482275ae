Feature: 094 Rows of a meter's profiles are read

  Scenario Outline: An electricity meter
    Given the meter "TEST1024000000094" of "<version>"
    When GetPeriodicMeterReads is asked of "TEST1024000000094" with
      | path                                   | value                |
      | PeriodicReadsRequestData/PeriodType    | <period>             |
      | PeriodicReadsRequestData/BeginDate     | <begin>              |
      | PeriodicReadsRequestData/EndDate       | <end>                |
    Then the answer has
      | path       | value    |
      | PeriodType | <period> |

    Examples:
      | version    | period   | begin                | end                  |
      | DSMR 2.2 | INTERVAL | 2015-09-01T00:00:00Z | 2015-09-03T00:00:00Z |
      | DSMR 2.2 | MONTHLY | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | DSMR 2.2 | DAILY | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |
      | DSMR 4.2.2 | INTERVAL | 2015-09-01T00:00:00Z | 2015-09-03T00:00:00Z |
      | DSMR 4.2.2 | MONTHLY | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | DSMR 4.2.2 | DAILY | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |
      | SMR 5.0.0 | INTERVAL | 2015-09-01T00:00:00Z | 2015-09-03T00:00:00Z |
      | SMR 5.0.0 | MONTHLY | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | SMR 5.0.0 | DAILY | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |
