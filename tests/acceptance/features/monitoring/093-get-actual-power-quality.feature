Feature: 093 Power quality as it is now

  Scenario Outline: PUBLIC, one phase
    Given the meter "TEST1024000000093" of "<version>" with
      | setting   | value |
      | polyphase | false |
    When ActualPowerQuality is asked of "TEST1024000000093" with
      | path        | value  |
      | ProfileType | PUBLIC |
    Then the objects of power quality now are
      | name                            | unit      |
      | CLOCK                           | UNDEFINED |
      | INSTANTANEOUS_VOLTAGE_L1        | V         |
      | AVERAGE_VOLTAGE_L1              | V         |
      | NUMBER_OF_POWER_FAILURES        | UNDEFINED |
      | NUMBER_OF_LONG_POWER_FAILURES   | UNDEFINED |
      | NUMBER_OF_VOLTAGE_SAGS_FOR_L1   | UNDEFINED |
      | NUMBER_OF_VOLTAGE_SWELLS_FOR_L1 | UNDEFINED |

    Examples:
      | version    |
      | DSMR 4.2.2 |
      | SMR 5.0.0  |

  Scenario Outline: PUBLIC, three phases
    Given the meter "TEST1024000000093" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    When ActualPowerQuality is asked of "TEST1024000000093" with
      | path        | value  |
      | ProfileType | PUBLIC |
    Then the objects of power quality now are
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
      | version    |
      | DSMR 4.2.2 |
      | SMR 5.0.0  |

  Scenario Outline: PRIVATE, one phase
    Given the meter "TEST1024000000093" of "<version>" with
      | setting   | value |
      | polyphase | false |
    When ActualPowerQuality is asked of "TEST1024000000093" with
      | path        | value   |
      | ProfileType | PRIVATE |
    Then the objects of power quality now are
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
      | version    |
      | DSMR 4.2.2 |
      | SMR 5.0.0  |

  Scenario Outline: PRIVATE, three phases
    Given the meter "TEST1024000000093" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    When ActualPowerQuality is asked of "TEST1024000000093" with
      | path        | value   |
      | ProfileType | PRIVATE |
    Then the objects of power quality now are
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
      | version    |
      | DSMR 4.2.2 |
      | SMR 5.0.0  |

  Scenario Outline: All versions have some of it
    Given the meter "TEST1024000000093" of "<version>" with
      | setting   | value |
      | polyphase | true  |
    When ActualPowerQuality is asked of "TEST1024000000093" with
      | path        | value  |
      | ProfileType | <type> |
    Then the answer tells "CLOCK"

    Examples:
      | version  | type    |
      | DSMR 2.2 | PUBLIC  |
      | DSMR 2.2 | PRIVATE |
      | SMR 4.3  | PUBLIC  |
      | SMR 4.3  | PRIVATE |
      | SMR 5.1  | PUBLIC  |
      | SMR 5.1  | PRIVATE |
      | SMR 5.2  | PUBLIC  |
      | SMR 5.2  | PRIVATE |
      | SMR 5.5  | PUBLIC  |
      | SMR 5.5  | PRIVATE |
