Feature: 029 The configuration object is read in a bundle

  Scenario: DSMR 4.2.2
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And the configuration object of "TEST1024000000001" is structure of GPRS mode 1 and flags 0100000000000000
    When Bundle is asked of "TEST1024000000001" with
      | path                                    | value |
      | Actions/1/GetConfigurationObjectRequest | {}    |
    Then the answer has
      | path                                                                         | value     |
      | value/1/GetConfigurationObjectResponse/ConfigurationObject/GprsOperationMode | ALWAYS_ON |
    And the flags of the configuration object are true for DISCOVER_ON_POWER_ON alone

  Scenario: SMR 4.3
    Given the meter "TEST1031000000001" of "SMR 4.3"
    And the configuration object of "TEST1031000000001" is structure of GPRS mode 2 and flags 0100000000100000
    When Bundle is asked of "TEST1031000000001" with
      | path                                    | value |
      | Actions/1/GetConfigurationObjectRequest | {}    |
    Then the answer has
      | path                                                                         | value     |
      | value/1/GetConfigurationObjectResponse/ConfigurationObject/GprsOperationMode | TRIGGERED |
    And the flags of the configuration object are true for DISCOVER_ON_POWER_ON, DIRECT_ATTACH_AT_POWER_ON alone

  Scenario: SMR 5.0.0
    Given the meter "TEST1027000000001" of "SMR 5.0.0"
    And the configuration object of "TEST1027000000001" is flags 0001000000110000
    When Bundle is asked of "TEST1027000000001" with
      | path                                    | value |
      | Actions/1/GetConfigurationObjectRequest | {}    |
    Then the answer has no value/1/GetConfigurationObjectResponse/ConfigurationObject/GprsOperationMode
    And the flags of the configuration object are true for PO_ENABLE, DIRECT_ATTACH_AT_POWER_ON, HLS_6_ON_P3_ENABLE alone

  Scenario: SMR 5.1
    Given the meter "TEST1028000000001" of "SMR 5.1"
    And the configuration object of "TEST1028000000001" is flags 0001000000000000
    When Bundle is asked of "TEST1028000000001" with
      | path                                    | value |
      | Actions/1/GetConfigurationObjectRequest | {}    |
    Then the answer has no value/1/GetConfigurationObjectResponse/ConfigurationObject/GprsOperationMode
    And the flags of the configuration object are true for PO_ENABLE alone

  Scenario: DSMR 2.2
    Given the meter "TEST1022000000001" of "DSMR 2.2"
    When Bundle is asked of "TEST1022000000001" with
      | path                                    | value |
      | Actions/1/GetConfigurationObjectRequest | {}    |
    Then the fault of answer 1 tells "Error handling request with GetConfigurationObjectCommandExecutor: "
