Feature: 034 Profiles of power quality are read in a bundle

  Scenario Outline: PUBLIC, one phase, DSMR 4.2.2
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | false |
    And the clock of "<device>" shows 2016-06-01T12:00:00Z
    And the definable profile of "<device>" captures
      | class | name            | attribute | index |
      | 8     | 0.0.1.0.0.255   | 2         | 0     |
      | 1     | 1.0.32.36.0.255 | 2         | 0     |
      | 1     | 1.0.32.32.0.255 | 2         | 0     |
      | 1     | 0.0.96.7.21.255 | 2         | 0     |
      | 3     | 1.0.32.7.0.255  | 2         | 0     |
      | 3     | 1.0.32.24.0.255 | 2         | 0     |
    When Bundle is asked of "<device>" with
      | path                                                | value                |
      | Actions/1/GetPowerQualityProfileRequest/ProfileType | PUBLIC               |
      | Actions/1/GetPowerQualityProfileRequest/BeginDate   | 2015-01-01T00:00:00Z |
      | Actions/1/GetPowerQualityProfileRequest/EndDate     | 2017-01-10T00:00:00Z |
    Then the answer has 1 profiles
    And profile 0.1.94.31.6.255 of type PUBLIC has 960 entries of
      | class | name            | attribute | index | unit      | value      |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue  |
      | 1     | 1.0.32.36.0.255 | 2         | 0     | UNDEFINED | LongValue  |
      | 1     | 1.0.32.32.0.255 | 2         | 0     | UNDEFINED | LongValue  |
      | 1     | 0.0.96.7.21.255 | 2         | 0     | UNDEFINED | LongValue  |
      | 3     | 1.0.32.7.0.255  | 2         | 0     | V         | FloatValue |
      | 3     | 1.0.32.24.0.255 | 2         | 0     | V         | FloatValue |

    Examples:
      | version    | device            |
      | DSMR 4.2.2 | TEST1024000000001 |

  Scenario Outline: PRIVATE, one phase, DSMR 4.2.2
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | false |
    And the clock of "<device>" shows 2016-06-01T12:00:00Z
    And the definable profile of "<device>" captures
      | class | name            | attribute | index |
      | 8     | 0.0.1.0.0.255   | 2         | 0     |
      | 3     | 1.0.31.7.0.255  | 2         | 0     |
      | 3     | 1.0.31.24.0.255 | 2         | 0     |
      | 3     | 1.0.21.24.0.255 | 2         | 0     |
      | 3     | 1.0.22.24.0.255 | 2         | 0     |
      | 3     | 1.0.23.24.0.255 | 2         | 0     |
      | 3     | 1.0.24.24.0.255 | 2         | 0     |
    When Bundle is asked of "<device>" with
      | path                                                | value                |
      | Actions/1/GetPowerQualityProfileRequest/ProfileType | PRIVATE              |
      | Actions/1/GetPowerQualityProfileRequest/BeginDate   | 2015-01-01T00:00:00Z |
      | Actions/1/GetPowerQualityProfileRequest/EndDate     | 2017-01-10T00:00:00Z |
    Then the answer has 1 profiles
    And profile 0.1.94.31.6.255 of type PRIVATE has 960 entries of
      | class | name            | attribute | index | unit      | value      |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue  |
      | 3     | 1.0.31.7.0.255  | 2         | 0     | AMP       | FloatValue |
      | 3     | 1.0.31.24.0.255 | 2         | 0     | AMP       | FloatValue |
      | 3     | 1.0.21.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.22.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.23.24.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.24.24.0.255 | 2         | 0     | VAR       | FloatValue |

    Examples:
      | version    | device            |
      | DSMR 4.2.2 | TEST1024000000001 |

  Scenario Outline: PUBLIC, three phases, DSMR 4.2.2
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    And the clock of "<device>" shows 2016-06-01T12:00:00Z
    And the definable profile of "<device>" captures
      | class | name            | attribute | index |
      | 8     | 0.0.1.0.0.255   | 2         | 0     |
      | 3     | 1.0.32.7.0.255  | 2         | 0     |
      | 3     | 1.0.52.7.0.255  | 2         | 0     |
      | 3     | 1.0.72.7.0.255  | 2         | 0     |
      | 3     | 1.0.32.24.0.255 | 2         | 0     |
      | 3     | 1.0.52.24.0.255 | 2         | 0     |
      | 3     | 1.0.72.24.0.255 | 2         | 0     |
    When Bundle is asked of "<device>" with
      | path                                                | value                |
      | Actions/1/GetPowerQualityProfileRequest/ProfileType | PUBLIC               |
      | Actions/1/GetPowerQualityProfileRequest/BeginDate   | 2015-01-01T00:00:00Z |
      | Actions/1/GetPowerQualityProfileRequest/EndDate     | 2017-01-10T00:00:00Z |
    Then the answer has 1 profiles
    And profile 0.1.94.31.6.255 of type PUBLIC has 960 entries of
      | class | name            | attribute | index | unit      | value      |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue  |
      | 3     | 1.0.32.7.0.255  | 2         | 0     | V         | FloatValue |
      | 3     | 1.0.52.7.0.255  | 2         | 0     | V         | FloatValue |
      | 3     | 1.0.72.7.0.255  | 2         | 0     | V         | FloatValue |
      | 3     | 1.0.32.24.0.255 | 2         | 0     | V         | FloatValue |
      | 3     | 1.0.52.24.0.255 | 2         | 0     | V         | FloatValue |
      | 3     | 1.0.72.24.0.255 | 2         | 0     | V         | FloatValue |

    Examples:
      | version    | device            |
      | DSMR 4.2.2 | TEST1024000000001 |

  Scenario Outline: PRIVATE, three phases, DSMR 4.2.2
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    And the clock of "<device>" shows 2016-06-01T12:00:00Z
    And the definable profile of "<device>" captures
      | class | name            | attribute | index |
      | 8     | 0.0.1.0.0.255   | 2         | 0     |
      | 3     | 1.0.90.7.0.255  | 2         | 0     |
      | 3     | 1.0.21.24.0.255 | 2         | 0     |
      | 3     | 1.0.41.24.0.255 | 2         | 0     |
      | 3     | 1.0.61.24.0.255 | 2         | 0     |
      | 3     | 1.0.22.24.0.255 | 2         | 0     |
      | 3     | 1.0.42.24.0.255 | 2         | 0     |
      | 3     | 1.0.62.24.0.255 | 2         | 0     |
      | 3     | 1.0.23.24.0.255 | 2         | 0     |
      | 3     | 1.0.43.24.0.255 | 2         | 0     |
      | 3     | 1.0.63.24.0.255 | 2         | 0     |
      | 3     | 1.0.24.24.0.255 | 2         | 0     |
      | 3     | 1.0.44.24.0.255 | 2         | 0     |
      | 3     | 1.0.64.24.0.255 | 2         | 0     |
    When Bundle is asked of "<device>" with
      | path                                                | value                |
      | Actions/1/GetPowerQualityProfileRequest/ProfileType | PRIVATE              |
      | Actions/1/GetPowerQualityProfileRequest/BeginDate   | 2015-01-01T00:00:00Z |
      | Actions/1/GetPowerQualityProfileRequest/EndDate     | 2017-01-10T00:00:00Z |
    Then the answer has 1 profiles
    And profile 0.1.94.31.6.255 of type PRIVATE has 960 entries of
      | class | name            | attribute | index | unit      | value      |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue  |
      | 3     | 1.0.90.7.0.255  | 2         | 0     | AMP       | FloatValue |
      | 3     | 1.0.21.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.41.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.61.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.22.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.42.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.62.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.23.24.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.43.24.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.63.24.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.24.24.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.44.24.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.64.24.0.255 | 2         | 0     | VAR       | FloatValue |

    Examples:
      | version    | device            |
      | DSMR 4.2.2 | TEST1024000000001 |

  Scenario Outline: PUBLIC, one phase, SMR 4.3
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | false |
    And the clock of "<device>" shows 2016-06-01T12:00:00Z
    And the definable profile of "<device>" captures
      | class | name            | attribute | index |
      | 8     | 0.0.1.0.0.255   | 2         | 0     |
      | 1     | 1.0.32.36.0.255 | 2         | 0     |
      | 1     | 1.0.32.32.0.255 | 2         | 0     |
      | 1     | 0.0.96.7.21.255 | 2         | 0     |
      | 3     | 1.0.32.7.0.255  | 2         | 0     |
      | 3     | 1.0.32.24.0.255 | 2         | 0     |
      | 47    | 0.1.25.6.0.255  | 6         | 3     |
    When Bundle is asked of "<device>" with
      | path                                                | value                |
      | Actions/1/GetPowerQualityProfileRequest/ProfileType | PUBLIC               |
      | Actions/1/GetPowerQualityProfileRequest/BeginDate   | 2015-01-01T00:00:00Z |
      | Actions/1/GetPowerQualityProfileRequest/EndDate     | 2017-01-10T00:00:00Z |
    Then the answer has 1 profiles
    And profile 0.1.94.31.6.255 of type PUBLIC has 960 entries of
      | class | name            | attribute | index | unit      | value       |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue   |
      | 1     | 1.0.32.36.0.255 | 2         | 0     | UNDEFINED | LongValue   |
      | 1     | 1.0.32.32.0.255 | 2         | 0     | UNDEFINED | LongValue   |
      | 1     | 0.0.96.7.21.255 | 2         | 0     | UNDEFINED | LongValue   |
      | 3     | 1.0.32.7.0.255  | 2         | 0     | V         | FloatValue  |
      | 3     | 1.0.32.24.0.255 | 2         | 0     | V         | FloatValue  |
      | 47    | 0.1.25.6.0.255  | 6         | 3     | UNDEFINED | StringValue |

    Examples:
      | version | device            |
      | SMR 4.3 | TEST1031000000001 |

  Scenario Outline: PRIVATE, one phase, SMR 4.3
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | false |
    And the clock of "<device>" shows 2016-06-01T12:00:00Z
    And the definable profile of "<device>" captures
      | class | name            | attribute | index |
      | 8     | 0.0.1.0.0.255   | 2         | 0     |
      | 3     | 1.0.31.7.0.255  | 2         | 0     |
      | 3     | 1.0.31.24.0.255 | 2         | 0     |
      | 3     | 1.0.21.24.0.255 | 2         | 0     |
      | 3     | 1.0.22.24.0.255 | 2         | 0     |
      | 3     | 1.0.23.24.0.255 | 2         | 0     |
      | 3     | 1.0.24.24.0.255 | 2         | 0     |
    When Bundle is asked of "<device>" with
      | path                                                | value                |
      | Actions/1/GetPowerQualityProfileRequest/ProfileType | PRIVATE              |
      | Actions/1/GetPowerQualityProfileRequest/BeginDate   | 2015-01-01T00:00:00Z |
      | Actions/1/GetPowerQualityProfileRequest/EndDate     | 2017-01-10T00:00:00Z |
    Then the answer has 1 profiles
    And profile 0.1.94.31.6.255 of type PRIVATE has 960 entries of
      | class | name            | attribute | index | unit      | value      |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue  |
      | 3     | 1.0.31.7.0.255  | 2         | 0     | AMP       | FloatValue |
      | 3     | 1.0.31.24.0.255 | 2         | 0     | AMP       | FloatValue |
      | 3     | 1.0.21.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.22.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.23.24.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.24.24.0.255 | 2         | 0     | VAR       | FloatValue |

    Examples:
      | version | device            |
      | SMR 4.3 | TEST1031000000001 |

  Scenario Outline: PUBLIC, three phases, SMR 4.3
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    And the clock of "<device>" shows 2016-06-01T12:00:00Z
    And the definable profile of "<device>" captures
      | class | name            | attribute | index |
      | 8     | 0.0.1.0.0.255   | 2         | 0     |
      | 3     | 1.0.32.7.0.255  | 2         | 0     |
      | 3     | 1.0.52.7.0.255  | 2         | 0     |
      | 3     | 1.0.72.7.0.255  | 2         | 0     |
      | 3     | 1.0.32.24.0.255 | 2         | 0     |
      | 3     | 1.0.52.24.0.255 | 2         | 0     |
      | 3     | 1.0.72.24.0.255 | 2         | 0     |
      | 47    | 0.1.25.6.0.255  | 6         | 3     |
    When Bundle is asked of "<device>" with
      | path                                                | value                |
      | Actions/1/GetPowerQualityProfileRequest/ProfileType | PUBLIC               |
      | Actions/1/GetPowerQualityProfileRequest/BeginDate   | 2015-01-01T00:00:00Z |
      | Actions/1/GetPowerQualityProfileRequest/EndDate     | 2017-01-10T00:00:00Z |
    Then the answer has 1 profiles
    And profile 0.1.94.31.6.255 of type PUBLIC has 960 entries of
      | class | name            | attribute | index | unit      | value       |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue   |
      | 3     | 1.0.32.7.0.255  | 2         | 0     | V         | FloatValue  |
      | 3     | 1.0.52.7.0.255  | 2         | 0     | V         | FloatValue  |
      | 3     | 1.0.72.7.0.255  | 2         | 0     | V         | FloatValue  |
      | 3     | 1.0.32.24.0.255 | 2         | 0     | V         | FloatValue  |
      | 3     | 1.0.52.24.0.255 | 2         | 0     | V         | FloatValue  |
      | 3     | 1.0.72.24.0.255 | 2         | 0     | V         | FloatValue  |
      | 47    | 0.1.25.6.0.255  | 6         | 3     | UNDEFINED | StringValue |

    Examples:
      | version | device            |
      | SMR 4.3 | TEST1031000000001 |

  Scenario Outline: PRIVATE, three phases, SMR 4.3
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    And the clock of "<device>" shows 2016-06-01T12:00:00Z
    And the definable profile of "<device>" captures
      | class | name            | attribute | index |
      | 8     | 0.0.1.0.0.255   | 2         | 0     |
      | 3     | 1.0.90.7.0.255  | 2         | 0     |
      | 3     | 1.0.21.24.0.255 | 2         | 0     |
      | 3     | 1.0.41.24.0.255 | 2         | 0     |
      | 3     | 1.0.61.24.0.255 | 2         | 0     |
      | 3     | 1.0.22.24.0.255 | 2         | 0     |
      | 3     | 1.0.42.24.0.255 | 2         | 0     |
      | 3     | 1.0.62.24.0.255 | 2         | 0     |
      | 3     | 1.0.23.24.0.255 | 2         | 0     |
      | 3     | 1.0.43.24.0.255 | 2         | 0     |
      | 3     | 1.0.63.24.0.255 | 2         | 0     |
      | 3     | 1.0.24.24.0.255 | 2         | 0     |
      | 3     | 1.0.44.24.0.255 | 2         | 0     |
      | 3     | 1.0.64.24.0.255 | 2         | 0     |
    When Bundle is asked of "<device>" with
      | path                                                | value                |
      | Actions/1/GetPowerQualityProfileRequest/ProfileType | PRIVATE              |
      | Actions/1/GetPowerQualityProfileRequest/BeginDate   | 2015-01-01T00:00:00Z |
      | Actions/1/GetPowerQualityProfileRequest/EndDate     | 2017-01-10T00:00:00Z |
    Then the answer has 1 profiles
    And profile 0.1.94.31.6.255 of type PRIVATE has 960 entries of
      | class | name            | attribute | index | unit      | value      |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue  |
      | 3     | 1.0.90.7.0.255  | 2         | 0     | AMP       | FloatValue |
      | 3     | 1.0.21.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.41.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.61.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.22.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.42.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.62.24.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.23.24.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.43.24.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.63.24.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.24.24.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.44.24.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.64.24.0.255 | 2         | 0     | VAR       | FloatValue |

    Examples:
      | version | device            |
      | SMR 4.3 | TEST1031000000001 |

  Scenario Outline: PUBLIC, one phase, SMR 5.0.0 and later
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | false |
    And the clock of "<device>" shows 2016-06-01T12:00:00Z
    And the definable profile of "<device>" captures
      | class | name            | attribute | index |
      | 8     | 0.0.1.0.0.255   | 2         | 0     |
      | 1     | 1.0.32.32.0.255 | 2         | 0     |
      | 1     | 1.0.32.36.0.255 | 2         | 0     |
      | 1     | 0.0.96.7.21.255 | 2         | 0     |
      | 47    | 0.1.25.6.0.255  | 6         | 3     |
      | 47    | 0.0.25.6.0.255  | 6         | 3     |
      | 47    | 0.1.25.6.0.255  | 6         | 4     |
      | 47    | 0.0.25.6.0.255  | 6         | 4     |
      | 72    | 0.1.24.1.0.255  | 11        | 0     |
      | 72    | 0.2.24.1.0.255  | 11        | 0     |
      | 77    | 0.1.24.9.0.255  | 2         | 0     |
      | 77    | 0.2.24.9.0.255  | 2         | 0     |
      | 77    | 0.1.24.9.0.255  | 8         | 0     |
      | 77    | 0.2.24.9.0.255  | 8         | 0     |
    When Bundle is asked of "<device>" with
      | path                                                | value                |
      | Actions/1/GetPowerQualityProfileRequest/ProfileType | PUBLIC               |
      | Actions/1/GetPowerQualityProfileRequest/BeginDate   | 2015-01-01T00:00:00Z |
      | Actions/1/GetPowerQualityProfileRequest/EndDate     | 2017-01-10T00:00:00Z |
    Then the answer has 2 profiles
    And profile 0.1.94.31.6.255 of type PUBLIC has 960 entries of
      | class | name            | attribute | index | unit      | value       |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue   |
      | 1     | 1.0.32.32.0.255 | 2         | 0     | UNDEFINED | LongValue   |
      | 1     | 1.0.32.36.0.255 | 2         | 0     | UNDEFINED | LongValue   |
      | 1     | 0.0.96.7.21.255 | 2         | 0     | UNDEFINED | LongValue   |
      | 47    | 0.1.25.6.0.255  | 6         | 3     | UNDEFINED | StringValue |
      | 47    | 0.0.25.6.0.255  | 6         | 3     | UNDEFINED | StringValue |
      | 47    | 0.1.25.6.0.255  | 6         | 4     | UNDEFINED | LongValue   |
      | 47    | 0.0.25.6.0.255  | 6         | 4     | UNDEFINED | LongValue   |
      | 72    | 0.1.24.1.0.255  | 11        | 0     | UNDEFINED | LongValue   |
      | 72    | 0.2.24.1.0.255  | 11        | 0     | UNDEFINED | LongValue   |
      | 77    | 0.1.24.9.0.255  | 2         | 0     | UNDEFINED | LongValue   |
      | 77    | 0.2.24.9.0.255  | 2         | 0     | UNDEFINED | LongValue   |
      | 77    | 0.1.24.9.0.255  | 8         | 0     | UNDEFINED | LongValue   |
      | 77    | 0.2.24.9.0.255  | 8         | 0     | UNDEFINED | LongValue   |
    And profile 1.0.99.1.2.255 of type PUBLIC has 1440 entries of
      | class | name            | attribute | index | unit      | value      |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue  |
      | 3     | 1.0.32.24.0.255 | 2         | 0     | V         | FloatValue |
      | 3     | 1.0.32.7.0.255  | 2         | 0     | V         | FloatValue |

    Examples:
      | version   | device            |
      | SMR 5.0.0 | TEST1027000000001 |
      | SMR 5.1   | TEST1028000000001 |
      | SMR 5.2   | TEST1029000000001 |
      | SMR 5.5   | TEST1030000000001 |

  Scenario Outline: PRIVATE, one phase, SMR 5.0.0 and later
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | false |
    And the clock of "<device>" shows 2016-06-01T12:00:00Z
    And the definable profile of "<device>" captures
      | class | name            | attribute | index |
      | 8     | 0.0.1.0.0.255   | 2         | 0     |
      | 1     | 1.0.32.32.0.255 | 2         | 0     |
      | 1     | 1.0.32.36.0.255 | 2         | 0     |
      | 1     | 0.0.96.7.21.255 | 2         | 0     |
      | 47    | 0.1.25.6.0.255  | 6         | 3     |
      | 47    | 0.0.25.6.0.255  | 6         | 3     |
      | 47    | 0.1.25.6.0.255  | 6         | 4     |
      | 47    | 0.0.25.6.0.255  | 6         | 4     |
      | 72    | 0.1.24.1.0.255  | 11        | 0     |
      | 72    | 0.2.24.1.0.255  | 11        | 0     |
      | 77    | 0.1.24.9.0.255  | 2         | 0     |
      | 77    | 0.2.24.9.0.255  | 2         | 0     |
      | 77    | 0.1.24.9.0.255  | 8         | 0     |
      | 77    | 0.2.24.9.0.255  | 8         | 0     |
    When Bundle is asked of "<device>" with
      | path                                                | value                |
      | Actions/1/GetPowerQualityProfileRequest/ProfileType | PRIVATE              |
      | Actions/1/GetPowerQualityProfileRequest/BeginDate   | 2015-01-01T00:00:00Z |
      | Actions/1/GetPowerQualityProfileRequest/EndDate     | 2017-01-10T00:00:00Z |
    Then the answer has 2 profiles
    And profile 1.0.99.1.1.255 of type PRIVATE has 960 entries of
      | class | name           | attribute | index | unit      | value      |
      | 8     | 0.0.1.0.0.255  | 2         | 0     | UNDEFINED | DateValue  |
      | 3     | 1.0.21.4.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.22.4.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.23.4.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.24.4.0.255 | 2         | 0     | VAR       | FloatValue |
    And profile 1.0.99.1.2.255 of type PRIVATE has 1440 entries of
      | class | name            | attribute | index | unit      | value      |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue  |
      | 3     | 1.0.31.24.0.255 | 2         | 0     | AMP       | FloatValue |
      | 3     | 1.0.31.7.0.255  | 2         | 0     | AMP       | FloatValue |

    Examples:
      | version   | device            |
      | SMR 5.0.0 | TEST1027000000001 |
      | SMR 5.1   | TEST1028000000001 |
      | SMR 5.2   | TEST1029000000001 |
      | SMR 5.5   | TEST1030000000001 |

  Scenario Outline: PUBLIC, three phases, SMR 5.0.0 and later
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    And the clock of "<device>" shows 2016-06-01T12:00:00Z
    And the definable profile of "<device>" captures
      | class | name            | attribute | index |
      | 8     | 0.0.1.0.0.255   | 2         | 0     |
      | 1     | 1.0.32.32.0.255 | 2         | 0     |
      | 1     | 1.0.52.32.0.255 | 2         | 0     |
      | 1     | 1.0.72.32.0.255 | 2         | 0     |
      | 1     | 1.0.32.36.0.255 | 2         | 0     |
      | 1     | 1.0.52.36.0.255 | 2         | 0     |
      | 1     | 1.0.72.36.0.255 | 2         | 0     |
      | 1     | 0.0.96.7.21.255 | 2         | 0     |
      | 47    | 0.1.25.6.0.255  | 6         | 3     |
      | 47    | 0.0.25.6.0.255  | 6         | 3     |
      | 47    | 0.1.25.6.0.255  | 6         | 4     |
      | 47    | 0.0.25.6.0.255  | 6         | 4     |
      | 72    | 0.1.24.1.0.255  | 11        | 0     |
      | 72    | 0.2.24.1.0.255  | 11        | 0     |
      | 77    | 0.1.24.9.0.255  | 2         | 0     |
      | 77    | 0.2.24.9.0.255  | 2         | 0     |
      | 77    | 0.1.24.9.0.255  | 8         | 0     |
      | 77    | 0.2.24.9.0.255  | 8         | 0     |
    When Bundle is asked of "<device>" with
      | path                                                | value                |
      | Actions/1/GetPowerQualityProfileRequest/ProfileType | PUBLIC               |
      | Actions/1/GetPowerQualityProfileRequest/BeginDate   | 2015-01-01T00:00:00Z |
      | Actions/1/GetPowerQualityProfileRequest/EndDate     | 2017-01-10T00:00:00Z |
    Then the answer has 2 profiles
    And profile 0.1.94.31.6.255 of type PUBLIC has 960 entries of
      | class | name            | attribute | index | unit      | value       |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue   |
      | 1     | 1.0.32.32.0.255 | 2         | 0     | UNDEFINED | LongValue   |
      | 1     | 1.0.52.32.0.255 | 2         | 0     | UNDEFINED | LongValue   |
      | 1     | 1.0.72.32.0.255 | 2         | 0     | UNDEFINED | LongValue   |
      | 1     | 1.0.32.36.0.255 | 2         | 0     | UNDEFINED | LongValue   |
      | 1     | 1.0.52.36.0.255 | 2         | 0     | UNDEFINED | LongValue   |
      | 1     | 1.0.72.36.0.255 | 2         | 0     | UNDEFINED | LongValue   |
      | 1     | 0.0.96.7.21.255 | 2         | 0     | UNDEFINED | LongValue   |
      | 47    | 0.1.25.6.0.255  | 6         | 3     | UNDEFINED | StringValue |
      | 47    | 0.0.25.6.0.255  | 6         | 3     | UNDEFINED | StringValue |
      | 47    | 0.1.25.6.0.255  | 6         | 4     | UNDEFINED | LongValue   |
      | 47    | 0.0.25.6.0.255  | 6         | 4     | UNDEFINED | LongValue   |
      | 72    | 0.1.24.1.0.255  | 11        | 0     | UNDEFINED | LongValue   |
      | 72    | 0.2.24.1.0.255  | 11        | 0     | UNDEFINED | LongValue   |
      | 77    | 0.1.24.9.0.255  | 2         | 0     | UNDEFINED | LongValue   |
      | 77    | 0.2.24.9.0.255  | 2         | 0     | UNDEFINED | LongValue   |
      | 77    | 0.1.24.9.0.255  | 8         | 0     | UNDEFINED | LongValue   |
      | 77    | 0.2.24.9.0.255  | 8         | 0     | UNDEFINED | LongValue   |
    And profile 1.0.99.1.2.255 of type PUBLIC has 1440 entries of
      | class | name            | attribute | index | unit      | value      |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue  |
      | 3     | 1.0.32.24.0.255 | 2         | 0     | V         | FloatValue |
      | 3     | 1.0.52.24.0.255 | 2         | 0     | V         | FloatValue |
      | 3     | 1.0.72.24.0.255 | 2         | 0     | V         | FloatValue |

    Examples:
      | version   | device            |
      | SMR 5.0.0 | TEST1027000000001 |
      | SMR 5.1   | TEST1028000000001 |
      | SMR 5.2   | TEST1029000000001 |
      | SMR 5.5   | TEST1030000000001 |

  Scenario Outline: PRIVATE, three phases, SMR 5.0.0 and later
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    And the clock of "<device>" shows 2016-06-01T12:00:00Z
    And the definable profile of "<device>" captures
      | class | name            | attribute | index |
      | 8     | 0.0.1.0.0.255   | 2         | 0     |
      | 1     | 1.0.32.32.0.255 | 2         | 0     |
      | 1     | 1.0.52.32.0.255 | 2         | 0     |
      | 1     | 1.0.72.32.0.255 | 2         | 0     |
      | 1     | 1.0.32.36.0.255 | 2         | 0     |
      | 1     | 1.0.52.36.0.255 | 2         | 0     |
      | 1     | 1.0.72.36.0.255 | 2         | 0     |
      | 1     | 0.0.96.7.21.255 | 2         | 0     |
      | 47    | 0.1.25.6.0.255  | 6         | 3     |
      | 47    | 0.0.25.6.0.255  | 6         | 3     |
      | 47    | 0.1.25.6.0.255  | 6         | 4     |
      | 47    | 0.0.25.6.0.255  | 6         | 4     |
      | 72    | 0.1.24.1.0.255  | 11        | 0     |
      | 72    | 0.2.24.1.0.255  | 11        | 0     |
      | 77    | 0.1.24.9.0.255  | 2         | 0     |
      | 77    | 0.2.24.9.0.255  | 2         | 0     |
      | 77    | 0.1.24.9.0.255  | 8         | 0     |
      | 77    | 0.2.24.9.0.255  | 8         | 0     |
    When Bundle is asked of "<device>" with
      | path                                                | value                |
      | Actions/1/GetPowerQualityProfileRequest/ProfileType | PRIVATE              |
      | Actions/1/GetPowerQualityProfileRequest/BeginDate   | 2015-01-01T00:00:00Z |
      | Actions/1/GetPowerQualityProfileRequest/EndDate     | 2017-01-10T00:00:00Z |
    Then the answer has 2 profiles
    And profile 1.0.99.1.1.255 of type PRIVATE has 960 entries of
      | class | name           | attribute | index | unit      | value      |
      | 8     | 0.0.1.0.0.255  | 2         | 0     | UNDEFINED | DateValue  |
      | 3     | 1.0.21.4.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.41.4.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.61.4.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.22.4.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.42.4.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.62.4.0.255 | 2         | 0     | W         | FloatValue |
      | 3     | 1.0.23.4.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.43.4.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.63.4.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.24.4.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.44.4.0.255 | 2         | 0     | VAR       | FloatValue |
      | 3     | 1.0.64.4.0.255 | 2         | 0     | VAR       | FloatValue |
    And profile 1.0.99.1.2.255 of type PRIVATE has 1440 entries of
      | class | name            | attribute | index | unit      | value      |
      | 8     | 0.0.1.0.0.255   | 2         | 0     | UNDEFINED | DateValue  |
      | 3     | 1.0.31.24.0.255 | 2         | 0     | AMP       | FloatValue |
      | 3     | 1.0.51.24.0.255 | 2         | 0     | AMP       | FloatValue |
      | 3     | 1.0.71.24.0.255 | 2         | 0     | AMP       | FloatValue |

    Examples:
      | version   | device            |
      | SMR 5.0.0 | TEST1027000000001 |
      | SMR 5.1   | TEST1028000000001 |
      | SMR 5.2   | TEST1029000000001 |
      | SMR 5.5   | TEST1030000000001 |

  Scenario Outline: DSMR 2.2 has no such profile
    Given the meter "TEST1026000000001" of "DSMR 2.2" with
      | setting   | value   |
      | polyphase | <poly>  |
    When Bundle is asked of "TEST1026000000001" with
      | path                                                | value                |
      | Actions/1/GetPowerQualityProfileRequest/ProfileType | <kind>               |
      | Actions/1/GetPowerQualityProfileRequest/BeginDate   | 2015-01-01T00:00:00Z |
      | Actions/1/GetPowerQualityProfileRequest/EndDate     | 2017-01-10T00:00:00Z |
    Then the answer has
      | path                          | value                                                                                                              |
      | value/1/FaultResponse/Message | Error handling request with GetPowerQualityProfileCommandExecutor: No PQ profile found in profile DSMR version 2.2 |

    Examples:
      | kind    | poly  |
      | PUBLIC  | false |
      | PUBLIC  | true  |
      | PRIVATE | false |
      | PRIVATE | true  |
