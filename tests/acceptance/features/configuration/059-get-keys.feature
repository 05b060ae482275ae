Feature: 059 Keys of a meter are told to an application that may know them

  Scenario: Encrypted with the public key of the application
    Given the meter "TEST1024000059001" of "DSMR 4.2.2"
    And the application has a public key
    When GetKeys is asked of "TEST1024000059001" with
      | path                      | value                      |
      | GetKeysData/secretTypes/1 | E_METER_MASTER_KEY         |
      | GetKeysData/secretTypes/2 | E_METER_AUTHENTICATION_KEY |
    Then the answer is OK
    And the answer tells the application the factory's E_METER_MASTER_KEY, E_METER_AUTHENTICATION_KEY of "TEST1024000059001"

  Scenario: A kind of key that the meter does not have
    Given the meter "TEST1024000059002" of "DSMR 4.2.2"
    And the application has a public key
    When GetKeys is asked of "TEST1024000059002" with
      | path                      | value                            |
      | GetKeysData/secretTypes/1 | E_METER_ENCRYPTION_KEY_BROADCAST |
    Then the answer is OK
    And the answer has no GetKeysResponseData/1/secretValue
