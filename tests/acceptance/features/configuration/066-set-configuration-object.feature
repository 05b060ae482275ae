Feature: 066 The configuration object of a meter is changed

  Scenario Outline: A structure with the GPRS mode
    Given the meter "TEST1024000000066" of "<version>"
    When SetConfigurationObject is asked of "TEST1024000000066" with
      | path                                                                                                               | value                  |
      | SetConfigurationObjectRequestData/ConfigurationObject/GprsOperationMode                                            | <mode>                 |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/ConfigurationFlagType | DISCOVER_ON_OPEN_COVER |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/Enabled               | true                   |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/2/ConfigurationFlagType | DISCOVER_ON_POWER_ON   |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/2/Enabled               | false                  |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/3/ConfigurationFlagType | DYNAMIC_MBUS_ADDRESS   |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/3/Enabled               | true                   |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/4/ConfigurationFlagType | PO_ENABLE              |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/4/Enabled               | true                   |
    Then the answer is OK
    When GetConfigurationObject is asked of "TEST1024000000066"
    Then the answer has
      | path                                  | value  |
      | Result                                | OK     |
      | ConfigurationObject/GprsOperationMode | <mode> |
    And the flags that are on are DISCOVER_ON_OPEN_COVER, DYNAMIC_MBUS_ADDRESS, PO_ENABLE, HLS_5_ON_P3_ENABLE

    Examples:
      | version    | mode      |
      | DSMR 4.2.2 | ALWAYS_ON |
      | DSMR 4.2.2 | TRIGGERED |
      | SMR 4.3    | ALWAYS_ON |
      | SMR 4.3    | TRIGGERED |

  Scenario Outline: A bit string
    Given the meter "TEST1024000000066" of "<version>"
    When SetConfigurationObject is asked of "TEST1024000000066" with
      | path                                                                                                               | value                     |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/ConfigurationFlagType | PO_ENABLE                 |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/Enabled               | false                     |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/2/ConfigurationFlagType | HLS_6_ON_P0_ENABLE        |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/2/Enabled               | true                      |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/3/ConfigurationFlagType | DIRECT_ATTACH_AT_POWER_ON |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/3/Enabled               | true                      |
    Then the answer is OK
    When GetConfigurationObject is asked of "TEST1024000000066"
    Then the answer is OK
    And the answer has no ConfigurationObject/GprsOperationMode
    And the flags that are on are HLS_5_ON_P3_ENABLE, DIRECT_ATTACH_AT_POWER_ON, HLS_6_ON_P0_ENABLE

    Examples:
      | version   |
      | SMR 5.0.0 |
      | SMR 5.1   |
      | SMR 5.2   |
      | SMR 5.5   |

  Scenario Outline: A flag that the version does not have
    Given the meter "TEST1024000000066" of "<version>"
    When SetConfigurationObject is asked of "TEST1024000000066" with
      | path                                                                                                               | value  |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/ConfigurationFlagType | <flag> |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/Enabled               | <on>   |
    Then the answer is <result>

    Examples:
      | version    | flag                      | on    | result |
      | SMR 5.0.0  | DISCOVER_ON_OPEN_COVER    | true  | NOT OK |
      | SMR 5.0.0  | DISCOVER_ON_OPEN_COVER    | false | OK     |
      | DSMR 4.2.2 | DIRECT_ATTACH_AT_POWER_ON | true  | NOT OK |

  Scenario: DSMR 2.2 does not have it
    Given the meter "TEST1024000000066" of "DSMR 2.2"
    When SetConfigurationObject is asked of "TEST1024000000066" with
      | path                                                                                                               | value     |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/ConfigurationFlagType | PO_ENABLE |
      | SetConfigurationObjectRequestData/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/Enabled               | true      |
    Then the answer is NOT OK
