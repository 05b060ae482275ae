Feature: 001 A meter that cannot be reached, or not in the way that is registered, is told by code

  Scenario: Nothing listens where the meter should be
    Given the meter "TEST1024000000001" of "DSMR 4.2.2" with
      | setting         | value |
      | port            | 1     |
    When GetAdministrativeStatus is asked of "TEST1024000000001"
    Then it ends with fault 225

  Scenario: A challenge length beyond what the standard allows
    Given the meter "TEST1024000000001" of "DSMR 4.2.2" with
      | setting          | value |
      | challenge_length | 64    |
    When GetAdministrativeStatus is asked of "TEST1024000000001"
    Then the answer is OK

  Scenario: HLS 3 is on and HLS 5 off
    Given the meter "TEST1024000000001" of "DSMR 4.2.2" with
      | setting     | value |
      | hls3_active | true  |
      | hls5_active | false |
    When GetAdministrativeStatus is asked of "TEST1024000000001"
    Then it ends with fault 413
