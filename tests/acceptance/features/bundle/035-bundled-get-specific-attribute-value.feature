Feature: 035 One attribute of one object is read in a bundle

  Scenario: The logical device name
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And attribute 2 of 1 0.0.42.0.0.255 of "TEST1024000000001" is octet-string 646576696365206e616d65
    When Bundle is asked of "TEST1024000000001" with
      | path                                                  | value |
      | Actions/1/GetSpecificAttributeValueRequest/ClassId    | 1     |
      | Actions/1/GetSpecificAttributeValueRequest/Attribute  | 2     |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/a | 0     |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/b | 0     |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/c | 42    |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/d | 0     |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/e | 0     |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/f | 255   |
    Then the answer has
      | path                          | value |
      | value/1/ActionResponse/Result | OK    |
    And the answer tells "bytes[100, 101, 118, 105, 99, 101, 32, 110, 97, 109, 101]"

  Scenario: The administrative status
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When Bundle is asked of "TEST1024000000001" with
      | path                                                  | value |
      | Actions/1/GetSpecificAttributeValueRequest/ClassId    | 1     |
      | Actions/1/GetSpecificAttributeValueRequest/Attribute  | 2     |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/a | 0     |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/b | 1     |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/c | 94    |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/d | 31    |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/e | 0     |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/f | 255   |
    Then the answer has
      | path                          | value |
      | value/1/ActionResponse/Result | OK    |
    And the answer tells "Choice=ENUMERATE, ResultData isNumber"

  Scenario: The tariff in force
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And attribute 2 of 1 0.0.96.14.0.255 of "TEST1024000000001" is octet-string "4142"
    When Bundle is asked of "TEST1024000000001" with
      | path                                                  | value |
      | Actions/1/GetSpecificAttributeValueRequest/ClassId    | 1     |
      | Actions/1/GetSpecificAttributeValueRequest/Attribute  | 2     |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/a | 0     |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/b | 0     |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/c | 96    |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/d | 14    |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/e | 0     |
      | Actions/1/GetSpecificAttributeValueRequest/ObisCode/f | 255   |
    Then the answer has
      | path                          | value |
      | value/1/ActionResponse/Result | OK    |
    And the answer tells "bytes[65, 66]"
