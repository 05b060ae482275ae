Feature: 089 The status of the M-Bus device on a channel

  Scenario Outline: The registry knows the device
    Given the meter "TEST1024000000001" of "<version>"
    And the M-Bus device "<device>"
    And channel 1 of "TEST1024000000001" holds 0/12056731/LGB/66/3
    When SetDeviceLifecycleStatusByChannel is asked of "TEST1024000000001" with
      | path                                                               | value    |
      | SetDeviceLifecycleStatusByChannelRequestData/DeviceLifecycleStatus | <status> |
      | SetDeviceLifecycleStatusByChannelRequestData/Channel               | 1        |
    Then the answer has
      | path                                                                      | value             |
      | Result                                                                    | OK                |
      | SetDeviceLifecycleStatusByChannelResponseData/GatewayDeviceIdentification | TEST1024000000001 |
      | SetDeviceLifecycleStatusByChannelResponseData/MbusDeviceIdentification    | <device>          |
      | SetDeviceLifecycleStatusByChannelResponseData/DeviceLifecycleStatus       | <status>          |
      | SetDeviceLifecycleStatusByChannelResponseData/Channel                     | 1                 |
    And the status of "<device>" is now <status>

    Examples:
      | version    | device            | status        |
      | DSMR 4.2.2 | TESTG101205673101 | READY_FOR_USE |
      | DSMR 4.2.2 | TESTG101205673101 | IN_USE        |
      | SMR 5.0.0  | TESTG101205673101 | READY_FOR_USE |
      | SMR 5.5    | TESTW101205673101 | READY_FOR_USE |

  Scenario: Nobody is on the channel
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And all channels of "TEST1024000000001" are empty
    When SetDeviceLifecycleStatusByChannel is asked of "TEST1024000000001" with
      | path                                                               | value            |
      | SetDeviceLifecycleStatusByChannelRequestData/DeviceLifecycleStatus | NEW_IN_INVENTORY |
      | SetDeviceLifecycleStatusByChannelRequestData/Channel               | 1                |
    Then it ends with fault 219

  Scenario: The registry does not know the device
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    And channel 1 of "TEST1024000000001" holds 9/12049260/LGB/66/3
    When SetDeviceLifecycleStatusByChannel is asked of "TEST1024000000001" with
      | path                                                               | value      |
      | SetDeviceLifecycleStatusByChannelRequestData/DeviceLifecycleStatus | REGISTERED |
      | SetDeviceLifecycleStatusByChannelRequestData/Channel               | 1          |
    Then it ends with fault 218
