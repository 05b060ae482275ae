Feature: 042 The configuration object is set in a bundle

  Scenario Outline: With a GPRS mode
    Given the meter "<device>" of "<version>"
    And the configuration object of "<device>" is structure of GPRS mode 1 and flags 0110001000000000
    When Bundle is asked of "<device>" with
      | path                                                                                                                     | value                  |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/GprsOperationMode                                            | TRIGGERED              |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/ConfigurationFlagType | DISCOVER_ON_OPEN_COVER |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/Enabled               | true                   |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/2/ConfigurationFlagType | DISCOVER_ON_POWER_ON   |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/2/Enabled               | false                  |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/3/ConfigurationFlagType | PO_ENABLE              |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/3/Enabled               | true                   |
    Then the answer has
      | path                                | value                                   |
      | value/1/ActionResponse/Result       | OK                                      |
      | value/1/ActionResponse/resultString | Set configuration object was successful |
    And the configuration object of "<device>" is now structure of GPRS mode 2 and flags 1011001000000000

    Examples:
      | version    | device            |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 4.3    | TEST1031000000001 |

  Scenario Outline: Flags alone
    Given the meter "<device>" of "<version>"
    And the configuration object of "<device>" is flags 0000001000100000
    When Bundle is asked of "<device>" with
      | path                                                                                                                     | value                     |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/ConfigurationFlagType | PO_ENABLE                 |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/Enabled               | true                      |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/2/ConfigurationFlagType | DIRECT_ATTACH_AT_POWER_ON |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/2/Enabled               | false                     |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/3/ConfigurationFlagType | HLS_6_ON_P3_ENABLE        |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/3/Enabled               | true                      |
    Then the answer has
      | path                                | value                                   |
      | value/1/ActionResponse/Result       | OK                                      |
      | value/1/ActionResponse/resultString | Set configuration object was successful |
    And the configuration object of "<device>" is now flags 0001001000010000

    Examples:
      | version   | device            |
      | SMR 5.0.0 | TEST1027000000001 |
      | SMR 5.1   | TEST1028000000001 |
      | SMR 5.2   | TEST1029000000001 |
      | SMR 5.5   | TEST1030000000001 |

  Scenario: A flag that the version does not have
    Given the meter "TEST1027000000001" of "SMR 5.0.0"
    When Bundle is asked of "TEST1027000000001" with
      | path                                                                                                                     | value                |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/ConfigurationFlagType | DISCOVER_ON_POWER_ON |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/Enabled               | true                 |
    Then the fault of answer 1 tells "DISCOVER_ON_POWER_ON not known for protocol"

  Scenario: DSMR 2.2 does not have it
    Given the meter "TEST1026000000001" of "DSMR 2.2"
    When Bundle is asked of "TEST1026000000001" with
      | path                                                                                                                     | value     |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/GprsOperationMode                                            | ALWAYS_ON |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/ConfigurationFlagType | PO_ENABLE |
      | Actions/1/SetConfigurationObjectRequest/ConfigurationObject/ConfigurationFlags/ConfigurationFlag/1/Enabled               | true      |
    Then the fault of answer 1 tells "Error handling request with SetConfigurationObjectCommandExecutor: "
