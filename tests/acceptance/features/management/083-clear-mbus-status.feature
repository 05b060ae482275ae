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
    Given the meter "<device>" of "<version>"
    When ClearMBusStatusOnAllChannels is asked of "<device>" with
      | path                                    | value |
      | ClearMBusStatusOnAllChannelsRequestData | {}    |
    Then it ends with fault 416 of PROTOCOL_DLMS because of "<words>"
    And its notification is NOT_OK and tells "<words>"

    Examples:
      | version    | device            | words                                                                      |
      | DSMR 2.2   | TEST1026000000001 | Did not find READ_MBUS_STATUS object for device 26000000001 for channel 1  |
      | DSMR 4.2.2 | TEST1024000000001 | Did not find READ_MBUS_STATUS object for device 24000000001 for channel 1  |
      | SMR 4.3    | TEST1031000000001 | Did not find READ_MBUS_STATUS object for device 31000000001 for channel 1  |
      | SMR 5.0.0  | TEST1027000000001 | Did not find CLEAR_MBUS_STATUS object for device 27000000001 for channel 1 |
