Feature: C07 The place of a meter in the network changes

  Scenario: Address, base station and cell
    Given the meter "TEST1024000010700" of "DSMR 4.2.2" with
      | setting      | value |
      | base_station | BTS0  |
      | cell         | C0    |
    When "GridOne" does SetCommunicationNetworkInformation for "TEST1024000010700" with
      | path            | value    |
      | network_address | 10.0.0.1 |
      | base_station    | BTS20    |
      | cell            | C1       |
    Then it is done
    And "TEST1024000010700" is known at 10.0.0.1
