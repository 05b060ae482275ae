Feature: 014 All attributes of all objects of a meter

  Scenario: The default meter
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When GetAllAttributeValues is asked of "TEST1024000000001"
    Then the answer is OK
