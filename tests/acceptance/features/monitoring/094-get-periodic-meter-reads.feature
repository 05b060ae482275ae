Feature: 094 Rows of a meter's profiles are read

  Scenario Outline: An electricity meter
    Given the meter "TEST1024000000094" of "<version>"
    When GetPeriodicMeterReads is asked of "TEST1024000000094" with
      | path                                | value    |
      | PeriodicReadsRequestData/PeriodType | <period> |
      | PeriodicReadsRequestData/BeginDate  | <begin>  |
      | PeriodicReadsRequestData/EndDate    | <end>    |
    Then the answer has
      | path       | value    |
      | PeriodType | <period> |

    Examples:
      | version    | period   | begin                | end                  |
      | DSMR 2.2   | INTERVAL | 2015-09-01T00:00:00Z | 2015-10-01T00:00:00Z |
      | DSMR 2.2   | MONTHLY  | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | DSMR 2.2   | DAILY    | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |
      | DSMR 4.2.2 | INTERVAL | 2015-09-01T00:00:00Z | 2015-10-01T00:00:00Z |
      | DSMR 4.2.2 | MONTHLY  | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | DSMR 4.2.2 | DAILY    | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |
      | SMR 5.0.0  | INTERVAL | 2015-09-01T00:00:00Z | 2015-10-01T00:00:00Z |
      | SMR 5.0.0  | MONTHLY  | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | SMR 5.0.0  | DAILY    | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |

  Scenario Outline: A gas meter
    Given the meter "TEST1024000000001" of "<version>"
    And the gas meter "<device>" is coupled on channel 1 of "TEST1024000000001"
    When GetPeriodicMeterReadsGas is asked of "<device>" with
      | path                                | value    |
      | PeriodicReadsRequestData/PeriodType | <period> |
      | PeriodicReadsRequestData/BeginDate  | <begin>  |
      | PeriodicReadsRequestData/EndDate    | <end>    |
    Then the answer has
      | path       | value    |
      | PeriodType | <period> |

    Examples:
      | version    | device            | period   | begin                | end                  |
      | DSMR 2.2   | TESTG102400000001 | INTERVAL | 2015-09-01T00:00:00Z | 2015-10-01T00:00:00Z |
      | DSMR 2.2   | TESTG102400000001 | MONTHLY  | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | DSMR 2.2   | TESTG102400000001 | DAILY    | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |
      | DSMR 4.2.2 | TESTG102400000001 | INTERVAL | 2015-09-01T00:00:00Z | 2015-10-01T00:00:00Z |
      | DSMR 4.2.2 | TESTG102400000001 | MONTHLY  | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | DSMR 4.2.2 | TESTG102400000001 | DAILY    | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |
      | SMR 4.3    | TESTG102400000001 | INTERVAL | 2015-09-01T00:00:00Z | 2015-10-01T00:00:00Z |
      | SMR 4.3    | TESTG102400000001 | MONTHLY  | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | SMR 4.3    | TESTG102400000001 | DAILY    | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |
      | SMR 5.0.0  | TESTG102400000001 | INTERVAL | 2015-09-01T00:00:00Z | 2015-10-01T00:00:00Z |
      | SMR 5.0.0  | TESTG102400000001 | MONTHLY  | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | SMR 5.0.0  | TESTG102400000001 | DAILY    | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |
      | SMR 5.1    | TESTG102400000001 | INTERVAL | 2015-09-01T00:00:00Z | 2015-10-01T00:00:00Z |
      | SMR 5.1    | TESTG102400000001 | MONTHLY  | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | SMR 5.1    | TESTG102400000001 | DAILY    | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |
      | SMR 5.2    | TESTG102400000001 | INTERVAL | 2015-09-01T00:00:00Z | 2015-10-01T00:00:00Z |
      | SMR 5.2    | TESTG102400000001 | MONTHLY  | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | SMR 5.2    | TESTG102400000001 | DAILY    | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |
      | SMR 5.5    | TESTG102400000001 | INTERVAL | 2015-09-01T00:00:00Z | 2015-10-01T00:00:00Z |
      | SMR 5.5    | TESTG102400000001 | MONTHLY  | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | SMR 5.5    | TESTG102400000001 | DAILY    | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |
      | SMR 5.5    | TESTW102400000001 | INTERVAL | 2015-09-01T00:00:00Z | 2015-10-01T00:00:00Z |
      | SMR 5.5    | TESTW102400000001 | MONTHLY  | 2016-01-01T00:00:00Z | 2016-09-01T00:00:00Z |
      | SMR 5.5    | TESTW102400000001 | DAILY    | 2022-05-02T00:00:00Z | 2022-05-02T00:00:00Z |

  Scenario: There are rows
    Given the meter "TEST1024000000094" of "SMR 5.0.0"
    And the clock of "TEST1024000000094" shows 2022-05-20T12:00:00Z
    When GetPeriodicMeterReads is asked of "TEST1024000000094" with
      | path                                | value                |
      | PeriodicReadsRequestData/PeriodType | DAILY                |
      | PeriodicReadsRequestData/BeginDate  | 2022-05-02T00:00:00Z |
      | PeriodicReadsRequestData/EndDate    | 2022-05-04T00:00:00Z |
    Then the answer tells "KWH"
