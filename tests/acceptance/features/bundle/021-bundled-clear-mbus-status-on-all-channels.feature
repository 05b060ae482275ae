Feature: 021 The status of all M-Bus devices of a gateway is cleared in a bundle

  Scenario Outline: Versions that have it
    Given the meter "<device>" of "<version>"
    And the device on channel 1 of "<device>" has bits 3 and 11 of its status set
    When Bundle is asked of "<device>" with
      | path                                          | value |
      | Actions/1/ClearMBusStatusOnAllChannelsRequest | {}    |
    Then the answer has
      | path                                | value                                             |
      | value/1/ActionResponse/Result       | OK                                                |
      | value/1/ActionResponse/resultString | Clear M-Bus status on all channels was successful |
    And attribute 2 of 4 0.1.24.2.6.255 of "<device>" is now 0

    Examples:
      | version | device            |
      | SMR 5.1 | TEST1028000000001 |
      | SMR 5.2 | TEST1029000000001 |
      | SMR 5.5 | TEST1030000000001 |

  Scenario Outline: Versions that do not
    Given the meter "<device>" of "<version>"
    When Bundle is asked of "<device>" with
      | path                                          | value |
      | Actions/1/ClearMBusStatusOnAllChannelsRequest | {}    |
    Then the answer has
      | path                          | value                                                                                                                                   |
      | value/1/FaultResponse/Message | Error handling request with ClearMBusStatusOnAllChannelsCommandExecutor: Did not find <object> object for device <number> for channel 1 |

    Examples:
      | version    | device            | object            | number      |
      | DSMR 2.2   | TEST1026000000001 | READ_MBUS_STATUS  | 26000000001 |
      | DSMR 4.2.2 | TEST1024000000001 | READ_MBUS_STATUS  | 24000000001 |
      | SMR 4.3    | TEST1031000000001 | READ_MBUS_STATUS  | 31000000001 |
      | SMR 5.0.0  | TEST1027000000001 | CLEAR_MBUS_STATUS | 27000000001 |
