Feature: 083 The status of the M-Bus devices of a gateway is cleared

  Scenario Outline: Versions that have it
    Given the meter "TEST1024000000083" of "<version>"
    When ClearMBusStatusOnAllChannels is asked of "TEST1024000000083" with
      | path                                    | value |
      | ClearMBusStatusOnAllChannelsRequestData | {}    |
    Then the answer is OK

    Examples:
      | version |
      | SMR 5.1 |
      | SMR 5.2 |
      | SMR 5.5 |

  Scenario Outline: Versions that do not
    Given the meter "TEST1024000000083" of "<version>"
    When ClearMBusStatusOnAllChannels is asked of "TEST1024000000083" with
      | path                                    | value |
      | ClearMBusStatusOnAllChannelsRequestData | {}    |
    Then it ends with fault 416

    Examples:
      | version |
      | DSMR 2.2 |
      | DSMR 4.2.2 |
      | SMR 4.3 |
      | SMR 5.0.0 |
