Feature: 025 Power quality as it is now is read in a bundle

  Scenario Outline: PUBLIC, one phase
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | false |
    When Bundle is asked of "<device>" with
      | path                                               | value  |
      | Actions/1/GetActualPowerQualityRequest/ProfileType | PUBLIC |
    Then the answer has 7 PowerQualityObject
    And the answer has 7 PowerQualityValue
    And the objects of power quality are
      | name                            | unit      |
      | CLOCK                           | UNDEFINED |
      | INSTANTANEOUS_VOLTAGE_L1        | V         |
      | AVERAGE_VOLTAGE_L1              | V         |
      | NUMBER_OF_POWER_FAILURES        | UNDEFINED |
      | NUMBER_OF_LONG_POWER_FAILURES   | UNDEFINED |
      | NUMBER_OF_VOLTAGE_SAGS_FOR_L1   | UNDEFINED |
      | NUMBER_OF_VOLTAGE_SWELLS_FOR_L1 | UNDEFINED |

    Examples:
      | version    | device            |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 5.0.0  | TEST1027000000001 |

  Scenario Outline: PUBLIC, three phases
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    When Bundle is asked of "<device>" with
      | path                                               | value  |
      | Actions/1/GetActualPowerQualityRequest/ProfileType | PUBLIC |
    Then the answer has 15 PowerQualityObject
    And the answer has 15 PowerQualityValue
    And the objects of power quality are
      | name                            | unit      |
      | CLOCK                           | UNDEFINED |
      | INSTANTANEOUS_VOLTAGE_L1        | V         |
      | INSTANTANEOUS_VOLTAGE_L2        | V         |
      | INSTANTANEOUS_VOLTAGE_L3        | V         |
      | AVERAGE_VOLTAGE_L1              | V         |
      | AVERAGE_VOLTAGE_L2              | V         |
      | AVERAGE_VOLTAGE_L3              | V         |
      | NUMBER_OF_POWER_FAILURES        | UNDEFINED |
      | NUMBER_OF_LONG_POWER_FAILURES   | UNDEFINED |
      | NUMBER_OF_VOLTAGE_SAGS_FOR_L1   | UNDEFINED |
      | NUMBER_OF_VOLTAGE_SAGS_FOR_L2   | UNDEFINED |
      | NUMBER_OF_VOLTAGE_SAGS_FOR_L3   | UNDEFINED |
      | NUMBER_OF_VOLTAGE_SWELLS_FOR_L1 | UNDEFINED |
      | NUMBER_OF_VOLTAGE_SWELLS_FOR_L2 | UNDEFINED |
      | NUMBER_OF_VOLTAGE_SWELLS_FOR_L3 | UNDEFINED |

    Examples:
      | version    | device            |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 5.0.0  | TEST1027000000001 |

  Scenario Outline: PRIVATE, one phase
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | false |
    When Bundle is asked of "<device>" with
      | path                                               | value   |
      | Actions/1/GetActualPowerQualityRequest/ProfileType | PRIVATE |
    Then the answer has 12 PowerQualityObject
    And the objects of power quality are
      | name                                               | unit      |
      | CLOCK                                              | UNDEFINED |
      | INSTANTANEOUS_ACTIVE_POWER_IMPORT                  | W         |
      | INSTANTANEOUS_ACTIVE_POWER_EXPORT                  | W         |
      | INSTANTANEOUS_ACTIVE_POWER_IMPORT_L1               | W         |
      | INSTANTANEOUS_ACTIVE_POWER_EXPORT_L1               | W         |
      | INSTANTANEOUS_ACTIVE_CURRENT_TOTAL_OVER_ALL_PHASES | AMP       |
      | INSTANTANEOUS_CURRENT_L1                           | AMP       |
      | AVERAGE_ACTIVE_POWER_IMPORT_L1                     | W         |
      | AVERAGE_ACTIVE_POWER_EXPORT_L1                     | W         |
      | AVERAGE_REACTIVE_POWER_IMPORT_L1                   | VAR       |
      | AVERAGE_REACTIVE_POWER_EXPORT_L1                   | VAR       |
      | AVERAGE_CURRENT_L1                                 | AMP       |

    Examples:
      | version    | device            |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 5.0.0  | TEST1027000000001 |

  Scenario Outline: PRIVATE, three phases
    Given the meter "<device>" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    When Bundle is asked of "<device>" with
      | path                                               | value   |
      | Actions/1/GetActualPowerQualityRequest/ProfileType | PRIVATE |
    Then the answer has 28 PowerQualityObject
    And the objects of power quality are
      | name                                               | unit      |
      | CLOCK                                              | UNDEFINED |
      | INSTANTANEOUS_ACTIVE_POWER_IMPORT                  | W         |
      | INSTANTANEOUS_ACTIVE_POWER_EXPORT                  | W         |
      | INSTANTANEOUS_ACTIVE_POWER_IMPORT_L1               | W         |
      | INSTANTANEOUS_ACTIVE_POWER_IMPORT_L2               | W         |
      | INSTANTANEOUS_ACTIVE_POWER_IMPORT_L3               | W         |
      | INSTANTANEOUS_ACTIVE_POWER_EXPORT_L1               | W         |
      | INSTANTANEOUS_ACTIVE_POWER_EXPORT_L2               | W         |
      | INSTANTANEOUS_ACTIVE_POWER_EXPORT_L3               | W         |
      | INSTANTANEOUS_ACTIVE_CURRENT_TOTAL_OVER_ALL_PHASES | AMP       |
      | INSTANTANEOUS_CURRENT_L1                           | AMP       |
      | INSTANTANEOUS_CURRENT_L2                           | AMP       |
      | INSTANTANEOUS_CURRENT_L3                           | AMP       |
      | AVERAGE_ACTIVE_POWER_IMPORT_L1                     | W         |
      | AVERAGE_ACTIVE_POWER_IMPORT_L2                     | W         |
      | AVERAGE_ACTIVE_POWER_IMPORT_L3                     | W         |
      | AVERAGE_ACTIVE_POWER_EXPORT_L1                     | W         |
      | AVERAGE_ACTIVE_POWER_EXPORT_L2                     | W         |
      | AVERAGE_ACTIVE_POWER_EXPORT_L3                     | W         |
      | AVERAGE_REACTIVE_POWER_IMPORT_L1                   | VAR       |
      | AVERAGE_REACTIVE_POWER_IMPORT_L2                   | VAR       |
      | AVERAGE_REACTIVE_POWER_IMPORT_L3                   | VAR       |
      | AVERAGE_REACTIVE_POWER_EXPORT_L1                   | VAR       |
      | AVERAGE_REACTIVE_POWER_EXPORT_L2                   | VAR       |
      | AVERAGE_REACTIVE_POWER_EXPORT_L3                   | VAR       |
      | AVERAGE_CURRENT_L1                                 | AMP       |
      | AVERAGE_CURRENT_L2                                 | AMP       |
      | AVERAGE_CURRENT_L3                                 | AMP       |

    Examples:
      | version    | device            |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 5.0.0  | TEST1027000000001 |
